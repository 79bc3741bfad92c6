// Bookings that disturb each other through a wall, as facility tells of them to whoever asks.
import { call } from './api'
import type { Wanted } from './finding'
import { t } from './i18n.svelte'
import { oneByOne, type Outcome } from './one-by-one'
import type { Item } from './types'

/** Of one that the reader may not see there is no more than that it is there. */
export interface Party extends Partial<Wanted> {
  id: string; title: string | null; masked: boolean
  version?: number; unit_id?: string | null; series_id?: string | null; owner_ref?: string | null; starts_at?: string; ends_at?: string
}
export interface Conflict {
  id: string; version: number; state: 'open' | 'accepted'; severity: number; message: string
  from_space_id: string; in_space_id: string; local_date: string; local_start: string; local_end: string
  loud: Party; quiet: Party
  accepted: { by: string; role: string; reason: string | null } | null; needs_acceptance: boolean; may_accept: boolean
}
/** Dates of two series that meet in the same way. */
export interface Meeting { key: string; dates: Conflict[] }

/** The most that facility tells at once. */
export const MOST = 500

export interface ConflictsAnswer { conflicts: Conflict[] }

/** Where they are read: of all days ahead, or of one. */
export function conflictsPath(square: string, date?: string): string {
  return `/api/facility/noise-conflicts?${new URLSearchParams({ square_id: square, limit: String(MOST), ...(date && { date }) })}`
}

/** In the order of their first; the dates by time. */
export function together(conflicts: Conflict[]): Meeting[] {
  const found = new Map<string, Conflict[]>()
  for (const one of conflicts) {
    const key = keyOf(one)
    found.set(key, [...(found.get(key) ?? []), one])
  }
  return [...found].map(([key, dates]) => ({ key, dates: dates.sort((a, b) => a.local_date.localeCompare(b.local_date)) }))
}

function keyOf(one: Conflict): string {
  const { state, severity, accepted, may_accept, from_space_id, in_space_id, local_start, local_end } = one
  return JSON.stringify([state, severity, accepted, may_accept, from_space_id, in_space_id, local_start, local_end, sideOf(one.loud), sideOf(one.quiet)])
}

/** What is masked says of no series: there it is enough that the rooms and times are the same. */
const sideOf = (one: Party) => [one.masked ? 'masked' : (one.series_id ?? one.id), one.local_start, one.local_end]

/** One by one, for the same reason. */
export function acceptAll(conflicts: Conflict[], reason: string, told: (n: number) => void): Promise<Outcome<Conflict>> {
  return oneByOne(conflicts, ({ id, version }) => call('POST', `/api/facility/noise-conflicts/${id}/accept`, { reason }, version), told)
}

/** By the bookings they are about; of what is masked nothing is told, not even that it is disturbed. */
export function byBooking(conflicts: Conflict[]): Map<string, Conflict[]> {
  const found = new Map<string, Conflict[]>()
  for (const one of conflicts) {
    for (const side of [one.loud, one.quiet]) if (!side.masked) found.set(side.id, [...(found.get(side.id) ?? []), one])
  }
  return found
}

/** What is to be told beside an item of the calendar. */
export function heardOf(item: Item, noise: Map<string, Conflict[]>): Conflict[] {
  return item.masked ? [] : (noise.get(item.booking_id ?? item.id) ?? [])
}

export const SIGNS = { must: '⚠', is: '♪' } as const

/** A sign for where there is no room, and what it means in words. */
export function noiseMark(heard: Conflict[]): { sign: string; words: string } | null {
  if (!heard.length) return null
  if (heard.some((one) => one.needs_acceptance)) return { sign: SIGNS.must, words: t('noiseMarkOpen') }
  return { sign: SIGNS.is, words: t(heard.some((one) => one.state === 'open') ? 'noiseMark' : 'noiseMarkAccepted') }
}
