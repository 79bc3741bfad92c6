// Bookings as facility tells of them: in words, where else they could be, and what became of them meanwhile.
import { call, get } from './api'
import { newDraft, otherPlaces, requestPlaceOf, type Draft, type Undo } from './commands'
import { reader, t } from './i18n.svelte'
import { pages, type Listed } from './pages'
import { addDays, range, shortDate } from './time'
import type { Alternative, ProblemBody } from './types'

export interface Booked {
  id: string; version: number; state: string; title: string | null; space_ids: string[]; masked: boolean
  local_date: string; local_start: string; local_end: string; setup_minutes: number; teardown_minutes: number
  /** Of one that the reader may not see there is no more than this. */
  unit_id?: string | null; owner_ref?: string | null; series_id?: string | null; organiser_kind?: string | null; expected_people?: number | null
  reason_code?: string | null
}

/** What the rooms and units of a square are called. */
export interface Names { rooms: Map<string, string>; units: Map<string, string> }

/** As far ahead as facility looks at once. */
export const AHEAD_DAYS = 395
/** The most that is read of what closures have displaced. */
export const MOST = 2000
const bookings = '/api/facility/bookings'

export const nameOf = (one: Pick<Booked, 'masked' | 'title'>) => (one.masked ? t('busy') : one.title || t('untitled'))
export const roomNames = (ids: string[], { rooms }: Names) => ids.map((id) => rooms.get(id) ?? '').filter(Boolean).join(', ')
export const timeOf = (one: Pick<Booked, 'local_start' | 'local_end'>) => range(one.local_start, one.local_end)
export const placeOf = (one: Booked, names: Names) => [roomNames(one.space_ids, names), one.unit_id ? (names.units.get(one.unit_id) ?? '') : ''].filter(Boolean).join(' · ')
export const toldOf = (one: Booked, names: Names) => `${shortDate(one.local_date, reader.locale)} ${timeOf(one)} · ${placeOf(one, names)}`

/** On the button that shows `n` of the `m` that are left. */
export const showMore = (n: number, m: number) => (n < m ? t('showSome', { n, m }) : t('showRest', { n: m }))

/** What closures have displaced, from today on and as far ahead as a series reaches. */
export async function affectedAhead(square: string, today: string): Promise<Listed<Booked>> {
  const looks = await Promise.all([0, AHEAD_DAYS].map((days) => affectedFrom(square, addDays(today, days))))
  const found = new Map(looks.flatMap((look) => look.found).map((one) => [one.id, one]))
  return { found: [...found.values()], more: looks.some((look) => look.more) }
}

function affectedFrom(square: string, date: string): Promise<Listed<Booked>> {
  const query = new URLSearchParams({ square_id: square, state: 'affected', from: `${date}T00:00`, to: `${addDays(date, AHEAD_DAYS)}T00:00` })
  return pages<Booked>(`${bookings}?${query}`, 'bookings', MOST)
}

/** Where else it could be. A unit asks for a room for its own dates itself. */
export async function proposalsFor(one: Booked): Promise<Alternative[]> {
  return (await otherPlaces(one.id)).alternatives.filter((to) => to.way !== 'request' || !one.owner_ref)
}

/** There, with the setup, tidy-up and equipment of the proposal; or asked for, where somebody has to say yes, which can be
    taken back. */
export async function moveTo(one: Booked, to: Alternative): Promise<Undo | undefined> {
  const { space_ids, starts_at, ends_at, setup_minutes, teardown_minutes, equipment } = to
  if (to.way === 'request') return requestPlaceOf(one.id, draftOf(one, to), { starts_at, ends_at })
  const body = { space_ids, starts_at, ends_at, setup_minutes, teardown_minutes, ...(equipment && { equipment }) }
  await call('POST', `${bookings}/${one.id}/move`, body, one.version)
  return undefined
}

function draftOf(one: Booked, to: Alternative): Draft {
  return {
    ...newDraft(to.local_date, 0, 0, null),
    title: one.title ?? '', space_ids: to.space_ids, setup: to.setup_minutes, teardown: to.teardown_minutes,
    people: one.expected_people ?? null, unit_id: one.unit_id ?? null, ...(to.equipment && { equipment: to.equipment }),
  }
}

/** Where somebody else was first: the booking as it is now. Null for any other refusal, and when it cannot be read. */
export async function meanwhile({ code, reasons }: ProblemBody, id: string): Promise<Booked | null> {
  const overtaken = code === 'stale' || code === 'wrong_state' || reasons?.some((reason) => reason.rule === 'not_occupying')
  return overtaken ? get<Booked>(`${bookings}/${id}`).catch(() => null) : null // unread, it is told as any other refusal
}
