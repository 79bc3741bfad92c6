// A unit's own programme, as its service takes and gives it. Times go out as instants and come back as instants.
import { call, get, uuid7 } from './api'
import { instant } from './commands'
import type { Brought } from './equipment'
import type { Wanted } from './finding'
import { t, tr } from './i18n.svelte'
import { addDays, wall, wallTime } from './time'
import type { Item, MoveRequest, Reason, Unit } from './types'

export const ACTIVITY_KINDS = [
  'lecture', 'course', 'hobby', 'group_training', 'open_house', 'meal', 'trip', 'party', 'drop_in', 'meeting', 'civic',
  'class_visit', 'exhibition', 'other',
] as const
export const PURPOSES = ['culture', 'health_promotion', 'secondary_prevention', 'social', 'learning', 'civic'] as const
export const ORGANISERS = ['municipal', 'voluntary', 'business', 'resident'] as const

export interface Activity {
  activity_id: string
  version: number
  square_id: string
  unit_id: string
  hosts: string[]
  title_nb: string
  title_en: string | null
  kind: (typeof ACTIVITY_KINDS)[number]
  purposes: string[]
  organiser_kind: (typeof ORGANISERS)[number]
  price: { kind: 'free' | 'fixed' | 'voluntary'; amount_nok: number }
  noise_out: number
  quiet_need: number
  access_needs: string[]
  min_age: number | null
  max_age: number | null
  public: boolean
  withdrawn: boolean
}

export interface Occurrence {
  occurrence_id: string
  version: number
  activity_id: string
  unit_id: string
  title_nb: string
  title_en: string | null
  starts_at: string
  ends_at: string
  space_ids: string[]
  state: 'draft' | 'scheduled' | 'cancelled' | 'completed' | 'affected'
  series_id: string | null
  booking_id: string | null
  /** Of a draft whose rooms somebody else decides about. */
  room_request: { state: 'pending' | 'refused'; reason_code: string | null } | null
  /** Of a date that is to be elsewhere, once somebody else says yes. */
  move_request: MoveRequest | null
  /** Of a date of a new series that did not get its room. */
  refusal?: { reason: string; reasons: Reason[] }
  /** Of a date that was made, and what its room's neighbours will hear of it. */
  warnings?: Reason[]
  setup_minutes: number
  teardown_minutes: number
  meeting_point: string | null
  equipment: Brought[]
  /** How many are let in. */
  capacity?: number | null
  attendance: Item['attendance']
}

/** What is typed for one date, or for many of them a week or more apart. */
export interface DateDraft {
  activity_id: string
  date: string
  start: number
  end: number
  space_ids: string[]
  setup: number
  teardown: number
  people: number | null
  meeting_point: string
  equipment: Brought[]
  every: 0 | 1 | 2 | 4
  until: string
  on_holidays: 'keep' | 'skip' | 'move'
}

export const MOST_DATES = 400

const path = (unit: Unit) => `/api/${unit.kind}`

export function newActivity(square_id: string, unit: Unit): Activity {
  return {
    activity_id: uuid7(), version: 0, square_id, unit_id: unit.unit_id, hosts: [], title_nb: '', title_en: null,
    kind: 'other', purposes: [], organiser_kind: 'municipal', price: { kind: 'free', amount_nok: 0 }, noise_out: 0,
    quiet_need: 0, access_needs: [], min_age: null, max_age: null, public: true, withdrawn: false,
  }
}

export async function activities(unit: Unit, square_id: string): Promise<Activity[]> {
  const found = await get<{ activities: Activity[] }>(`${path(unit)}/activities?square_id=${square_id}&unit_id=${unit.unit_id}`)
  return found.activities.filter((one) => !one.withdrawn)
}

/** Creates, or changes the version that was seen; what undoes it. */
export async function saveActivity(unit: Unit, activity: Activity, before: Activity | null): Promise<() => Promise<void>> {
  const put = ({ activity_id, version, withdrawn: _, ...body }: Activity) =>
    call<Activity>('PUT', `${path(unit)}/activities/${activity_id}`, body, version || null)
  const saved = (await put(activity)).body
  return async () => {
    if (before) await put({ ...before, version: saved.version })
    else await withdraw(unit, saved)
  }
}

export async function withdraw(unit: Unit, activity: Activity): Promise<void> {
  await call('POST', `${path(unit)}/activities/${activity.activity_id}/withdraw`, {}, activity.version)
}

export async function occurrences(unit: Unit, square_id: string, from: string, to: string, only: { uncounted?: boolean; activity_id?: string } = {}): Promise<Occurrence[]> {
  const query = new URLSearchParams({ square_id, from: instant(`${from}T00:00`), to: instant(`${to}T00:00`) })
  for (const [name, value] of Object.entries(only)) query.set(name, String(value))
  const found = await get<{ occurrences: Occurrence[] }>(`${path(unit)}/occurrences?${query}`)
  return found.occurrences.filter((one) => one.unit_id === unit.unit_id)
}

/** The dates of the draft, on the calendar of the square. */
export function datesOf(draft: Pick<DateDraft, 'date' | 'every' | 'until'>): string[] {
  const dates = [draft.date]
  if (!draft.every) return dates
  for (let next = addDays(draft.date, 7 * draft.every); next <= draft.until && dates.length <= MOST_DATES; next = addDays(next, 7 * draft.every)) dates.push(next)
  return dates
}

/** What a room for a date of the activity must have; how many come, where the date says. */
export function needsOf(activity: Activity, one: { capacity?: number | null; people?: number | null }): Pick<Wanted, 'needs' | 'noise_out' | 'quiet_need' | 'organiser_kind' | 'expected_people'> {
  const { access_needs, noise_out, quiet_need, organiser_kind } = activity
  return { noise_out, quiet_need, organiser_kind, expected_people: one.people ?? one.capacity ?? null, needs: access_needs.length ? access_needs : null }
}

/** The state of a date, and of a draft's request. */
export function stateOf(one: Occurrence): string {
  const asked = one.state === 'draft' ? one.room_request : null
  if (!asked) return tr('state', one.state)
  if (asked.state === 'pending') return t('roomRequested')
  const code = asked.reason_code
  return code && code !== 'other' ? t('roomRefusedWhy', { why: tr('rejectReason', code) }) : t('roomRefused')
}

/** What has become of the move that was asked for; `what` is where to. */
export function moveTold(asked: MoveRequest, what: string): string {
  if (asked.state === 'pending') return t('moveWaits', { what })
  const code = asked.reason_code
  return code && code !== 'other' ? t('moveRefusedWhy', { what, why: tr('rejectReason', code) }) : t('moveRefused', { what })
}

/** One date or a series; those whose room was refused or is requested come back as drafts. */
export async function plan(unit: Unit, draft: DateDraft, id: string, terms: object = {}): Promise<Occurrence[]> {
  const shared = {
    ...terms,
    activity_id: draft.activity_id, space_ids: draft.space_ids, setup_minutes: draft.setup, teardown_minutes: draft.teardown,
    expected_people: draft.people, meeting_point: draft.meeting_point || null, off_site: !draft.space_ids.length,
    equipment: draft.space_ids.length ? draft.equipment : [],
  }
  const times = (date: string) => ({ starts_at: instant(wallTime(date, draft.start)), ends_at: instant(wallTime(date, draft.end)) })
  const dates = datesOf(draft)
  if (!draft.every) {
    const made = await call<Occurrence>('PUT', `${path(unit)}/occurrences/${id}`, { ...shared, ...times(draft.date) })
    return [made.body]
  }
  const body = { ...shared, on_holidays: draft.on_holidays, occurrences: dates.map((date) => ({ id: uuid7(), ...times(date) })) }
  return (await call<{ occurrences: Occurrence[] }>('PUT', `${path(unit)}/series/${id}`, body)).body.occurrences
}

export async function step(unit: Unit, one: Occurrence, verb: 'schedule' | 'accept' | 'cancel' | 'stay', body: object = {}): Promise<Occurrence> {
  return (await call<Occurrence>('POST', `${path(unit)}/occurrences/${one.occurrence_id}/${verb}`, body, one.version)).body
}

/** On the square's wall: its date and its two clock times. */
export function local(one: { starts_at: string; ends_at: string }, zone: string): { date: string; start: string; end: string } {
  const from = wall(new Date(one.starts_at), zone)
  return { date: from.date, start: from.clock, end: wall(new Date(one.ends_at), zone).clock }
}

/** As the screens of the whole house show it. */
export function asItem(one: Occurrence, zone: string): Item {
  const { date, start, end } = local(one, zone)
  return {
    kind: 'occurrence', id: one.occurrence_id, version: one.version, unit_id: one.unit_id, title: one.title_nb,
    title_en: one.title_en, state: one.state, space_ids: one.space_ids, starts_at: one.starts_at, ends_at: one.ends_at,
    local_date: date, local_start: start, local_end: end, setup_minutes: one.setup_minutes,
    teardown_minutes: one.teardown_minutes, masked: false, attendance: one.attendance ?? null,
  }
}
