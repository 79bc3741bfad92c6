// Calendars of others, as their service gives and takes them.
import { call, get } from './api'
import type { Reason } from './types'

export interface Feed {
  id: string; version: number; space_id: string; unit_id: string | null; name: string; source: { kind: string; host: string | null }
  refresh_minutes: number; override: boolean; titles: 'shown' | 'hidden'; state: string; good_at: string | null; age_minutes: number | null; tried_at: string | null
  error: { message: string; since: string; failures: number } | null; booked: number; conflicts: number; beyond_limit: number; skipped: { what: string; why: string }[]
  /** Of one feed alone: whether it is being read just now. */
  reading?: boolean
}
export interface Clash {
  id: string; feed_id: string; feed_name: string; space_id: string; kind: 'new' | 'move'; local_date: string; local_start: string; local_end: string
  title: string | null; masked: boolean; reason: string; reasons: Reason[]; booked: { local_date: string; local_start: string; local_end: string } | null
}

/** `same`: of one that is there, where it is read from stays as it is. */
export interface FeedDraft {
  name: string; room: string; unit: string | null; from: 'same' | 'address' | 'file'; url: string; minutes: number; override: boolean; hidden: boolean
}

const path = '/api/facility/feeds'

export function freshFeed(): FeedDraft {
  return { name: '', room: '', unit: null, from: 'address', url: '', minutes: 60, override: false, hidden: false }
}

export function draftOfFeed(feed: Feed): FeedDraft {
  return { name: feed.name, room: feed.space_id, unit: feed.unit_id, from: 'same', url: '', minutes: feed.refresh_minutes, override: feed.override, hidden: feed.titles === 'hidden' }
}

/** `text` is what the chosen file holds. */
export function bodyOfFeed(draft: FeedDraft, text: string) {
  const source = draft.from === 'file' ? { kind: 'file', text } : { kind: 'address', url: draft.url }
  return {
    name: draft.name, space_id: draft.room, unit_id: draft.unit, ...(draft.from === 'same' ? {} : { source }), refresh_minutes: draft.minutes, override: draft.override,
    titles: draft.hidden ? 'hidden' : 'shown',
  }
}

export async function feedsOf(square: string): Promise<{ feeds: Feed[]; clashes: Clash[] }> {
  const [all, clashes] = await Promise.all([
    get<{ feeds: Feed[] }>(`${path}?square_id=${square}`),
    get<{ conflicts: Clash[] }>(`${path}/conflicts?square_id=${square}`),
  ])
  return { feeds: all.feeds.filter((one) => one.state !== 'withdrawn'), clashes: clashes.conflicts }
}

/** How many clash that the answer has no room for. */
export const beyond = (feeds: Feed[], clashes: Clash[]): number => Math.max(0, feeds.reduce((sum, one) => sum + one.conflicts, 0) - clashes.length)

export const readFeed = (id: string): Promise<Feed> => get<Feed>(`${path}/${id}`)

export async function keepFeed(id: string, body: object, version?: number): Promise<void> {
  await call('PUT', `${path}/${id}`, body, version)
}

export async function refreshFeed(id: string): Promise<void> {
  await call('POST', `${path}/${id}/refresh`)
}

export async function removeFeed(feed: Pick<Feed, 'id' | 'version'>, what: 'cancel' | 'keep'): Promise<void> {
  await call('DELETE', `${path}/${feed.id}?bookings=${what}`, undefined, feed.version)
}

export async function dismiss(clash: Pick<Clash, 'id' | 'feed_id'>): Promise<void> {
  await call('POST', `${path}/${clash.feed_id}/conflicts/${clash.id}/dismiss`)
}
