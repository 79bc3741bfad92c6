// What the reader does with bookings and occurrences. Each can be undone by the call it hands back.
import { call, get, uuid7, type Answer } from './api'
import type { Brought } from './equipment'
import { DAY, wallTime } from './time'
import type { Alternative, AskedMove, Item, MoveRequest, Reason, Slot, Unit } from './types'

export interface Draft {
  id: string
  title: string
  space_ids: string[]
  date: string
  start: number
  end: number
  setup: number
  teardown: number
  people: number | null
  /** Absent while it is not known what a booking has. */
  equipment?: Brought[]
  unit_id: string | null
  state: 'confirmed' | 'held' | 'requested' | 'blocked'
  organiser_kind: string | null
  layout: string | null
  needs: string[]
  noise_out: number | null
  quiet_need: number | null
  /** Of a hold: the date until whose end it stands. */
  until: string | null
  /** Outside the opening hours, for whom that is allowed. */
  override: boolean
}

interface Booking {
  id: string
  version: number
  state: string
  warnings?: Reason[]
  move_request?: MoveRequest | null
}

/** Undoes it; `warnings` are what the answer warned of, `requested`: somebody has to say yes first. */
export type Undo = (() => Promise<void>) & { warnings: Reason[]; requested: boolean }

const bookings = '/api/facility/bookings'

export function newDraft(date: string, start: number, end: number, space: string | null): Draft {
  return {
    id: uuid7(), title: '', space_ids: space ? [space] : [], date, start, end, setup: 0, teardown: 0, people: null,
    equipment: [], unit_id: null, state: 'confirmed', organiser_kind: null, layout: null, needs: [], noise_out: null, quiet_need: null,
    until: null, override: false,
  }
}

/** `terms`: what answers a refusal. */
export async function book(draft: Draft, terms: object = {}): Promise<Undo> {
  const made = await call<Booking>('PUT', `${bookings}/${draft.id}`, { ...bodyOf(draft), ...terms })
  return undo(made, async () => {
    await call('POST', `${bookings}/${draft.id}/cancel`, {}, made.version ?? made.body.version)
  })
}

/** A new booking as it is put; what was not said is left out. */
export function bodyOf(draft: Draft): Record<string, unknown> {
  const { organiser_kind, layout, noise_out, quiet_need, override } = draft
  const said = { organiser_kind, layout, noise_out, quiet_need, override: override || null, needs: draft.needs.length ? draft.needs : null }
  return {
    space_ids: draft.space_ids,
    starts_at: wallTime(draft.date, draft.start),
    ends_at: wallTime(draft.date, draft.end),
    setup_minutes: draft.setup,
    teardown_minutes: draft.teardown,
    title: draft.title || null,
    expected_people: draft.people,
    equipment: draft.equipment ?? [],
    unit_id: draft.unit_id,
    state: draft.state,
    ...(draft.state === 'held' && draft.until ? { hold_until: wallTime(draft.until, DAY) } : {}),
    ...Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null)),
  }
}

const undo = (answer: Answer<Booking>, work: () => Promise<void>): Undo =>
  Object.assign(work, { warnings: answer.body.warnings ?? [], requested: answer.body.state === 'requested' })

export interface Target {
  space_ids: string[]
  date: string
  start: number
  end: number
  /** Absent: as they were. */
  setup?: number
  teardown?: number
  equipment?: Brought[]
  override?: boolean
}

/** Moves a booking, or an occurrence with its booking, to another time or room. */
export async function move(item: Item, target: Target, unit: Unit | undefined, version?: number, terms: object = {}): Promise<Undo> {
  const slot = {
    space_ids: target.space_ids,
    starts_at: wallTime(target.date, target.start),
    ends_at: wallTime(target.date, target.end),
  }
  const answer = await shift(item, slot, unit, version ?? item.version ?? 0, { ...around(target), ...brought(target.equipment), ...terms })
  return undo(answer, async () => {
    await shift(item, item as Slot, unit, answer.version ?? answer.body.version, { ...brought(item.equipment), ...(target.override ? { override: true } : {}) })
  })
}

/** Moves it to another room or time; what is not said stays. */
export async function moveTo(item: Item, to: Partial<Slot>, unit: Unit | undefined): Promise<Undo> {
  const answer = await shift(item, { ...(item as Slot), ...to }, unit, item.version ?? 0, {})
  return undo(answer, async () => {
    await shift(item, item as Slot, unit, answer.version ?? answer.body.version, {})
  })
}

/** Asks whoever decides about the room for another time or room. What is there stays where it is until the answer, and
    goes there by itself when that is yes. */
export async function requestInstead(item: Item, draft: Draft, unit: Unit | undefined, terms: object): Promise<Undo> {
  if (item.kind === 'booking') return requestPlaceOf(item.id, draft, terms)
  const slot = { space_ids: draft.space_ids, starts_at: wallTime(draft.date, draft.start), ends_at: wallTime(draft.date, draft.end) }
  const asked = await shift(item, slot, unit, item.version ?? 0, { ...around(draft), ...brought(draft.equipment), ...terms, request: true })
  const version = asked.version ?? asked.body.version
  const waits = asked.body.move_request?.state === 'pending'
  const taken = undo(asked, async () => {
    if (waits) await stay(item, unit, version)
    else await shift(item, item as Slot, unit, version, brought(item.equipment))
  })
  return Object.assign(taken, { requested: waits || asked.body.state === 'draft' })
}

/** The same of a booking that belongs to no date. */
export async function requestPlaceOf(id: string, draft: Draft, terms: object = {}): Promise<Undo> {
  const known = await get<{ equipment: Brought[] }>(`${bookings}/${id}`)
  const kept = { ...same(known), ...terms, replaces: id }
  return book({ ...draft, equipment: draft.equipment ?? known.equipment, state: 'requested' }, kept)
}

/** The move that was asked for is taken back, or one that was refused put aside. */
export async function stay(item: Pick<Item, 'kind' | 'id'>, unit: Unit | undefined, version: number): Promise<void> {
  await call('POST', `${pathOf(item, unit)}/stay`, {}, version)
}

interface AskedFor {
  booking: Booking & Slot
  reason_code: string | null
  reason: string | null
}

/** The request to move a booking that belongs to no date, while there is something to tell of it. */
export async function moveOf(booking: string): Promise<AskedMove | null> {
  const { move_request: found } = await get<{ move_request: AskedFor | null }>(`${bookings}/${booking}/move-request`)
  if (!found) return null
  const { id, version, state } = found.booking
  return { ...pick(found.booking), id, version, state: state === 'requested' ? 'pending' : 'refused', reason_code: found.reason_code, reason: found.reason }
}

/** Takes back a request that waits, or has seen the refusal of one. */
export async function putAside(asked: Pick<AskedMove, 'id' | 'version' | 'state'>): Promise<void> {
  await call('POST', `${bookings}/${asked.id}/${asked.state === 'pending' ? 'cancel' : 'see-answer'}`, {}, asked.version)
}

const SAME = ['organiser_kind', 'organiser_id', 'needs', 'layout', 'purpose', 'responsible_role', 'noise_out', 'quiet_need', 'touches']
const pickKeys = (known: object, names: string[]) => Object.fromEntries(Object.entries(known).filter(([name, value]) => names.includes(name) && value !== null))
const same = (known: object) => pickKeys(known, SAME)

/** Where its service answers for it. */
export const pathOf = (item: Pick<Item, 'kind' | 'id'>, unit: Unit | undefined): string =>
  item.kind === 'booking' ? `${bookings}/${item.id}` : `/api/${unit?.kind ?? 'library'}/occurrences/${item.id}`

/** Setup and teardown, which may be smaller where that was offered. */
const around = ({ setup, teardown, override }: Pick<Target, 'setup' | 'teardown' | 'override'>) =>
  ({ ...(setup === undefined ? {} : { setup_minutes: setup }), ...(teardown === undefined ? {} : { teardown_minutes: teardown }), ...(override ? { override } : {}) })

const brought = (equipment?: Brought[]) => (equipment ? { equipment } : {})

function shift(item: Item, slot: Slot, unit: Unit | undefined, version: number, terms: object): Promise<Answer<Booking>> {
  const buffers = { setup_minutes: item.setup_minutes, teardown_minutes: item.teardown_minutes }
  const path = pathOf(item, unit)
  if (item.kind === 'booking') return call('POST', `${path}/move`, { ...pick(slot), ...buffers, ...terms }, version)
  const instants = { starts_at: instant(slot.starts_at), ends_at: instant(slot.ends_at) }
  return call('POST', `${path}/reschedule`, { ...pick(slot), ...instants, ...buffers, ...terms }, version)
}

const pick = ({ space_ids, starts_at, ends_at }: Slot): Slot => ({ space_ids, starts_at, ends_at })

let zone = 'Europe/Oslo'
/** The units take instants; the square's clock makes them. */
export function useZone(name: string): void {
  zone = name
}

/** The instant of a wall clock in the square's zone; a skipped time moves forward, a repeated one is its first pass. */
export function instant(written: string): string {
  if (/[zZ]|[+-]\d\d:\d\d$/.test(written.slice(10))) return written
  const asUtc = new Date(`${written}:00Z`).getTime()
  const guesses = [offset(asUtc - 24 * 3600e3), offset(asUtc + 24 * 3600e3)].map((shift) => asUtc - shift)
  const exact = guesses.filter((guess) => guess + offset(guess) === asUtc)
  const found = exact.length ? Math.min(...exact) : (guesses[0] ?? asUtc)
  return new Date(found).toISOString()
}

function offset(at: number): number {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
  }).formatToParts(new Date(at))
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value)
  return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute')) - Math.floor(at / 60e3) * 60e3
}

/** What a booking says of itself beside its time and state, as it is put. */
const KEPT = [
  'space_ids', 'starts_at', 'ends_at', 'setup_minutes', 'teardown_minutes', 'title', 'unit_id', 'expected_people', 'equipment', 'override', 'series_id',
  ...SAME,
]

/** The booking as it can be made once more, with all that it said. */
export function again(known: Record<string, unknown>): Record<string, unknown> {
  const state = known['state'] === 'affected' ? 'confirmed' : known['state']
  const hold = state === 'held' ? { hold_until: known['hold_until'] } : {}
  return { ...pickKeys(known, KEPT), ...hold, state }
}

export async function cancel(item: Item, unit: Unit | undefined): Promise<(() => Promise<void>) | undefined> {
  if (item.kind === 'occurrence') {
    await call('POST', `${pathOf(item, unit)}/cancel`, {}, item.version)
    return undefined
  }
  const known = await get<Record<string, unknown>>(pathOf(item, unit))
  await call('POST', `${bookings}/${item.id}/cancel`, {}, item.version)
  const id = uuid7()
  return async () => void (await call('PUT', `${bookings}/${id}`, again(known)))
}

/** Of the booking itself, also where it is a date's: somebody is there, a hold is to stand, or the room is given back
    before its time. */
export async function step(one: { id: string; version: number }, verb: 'check-in' | 'confirm' | 'release'): Promise<void> {
  await call('POST', `${bookings}/${one.id}/${verb}`, verb === 'check-in' ? undefined : {}, one.version)
}

interface Displaced extends Booking, Slot {
  setup_minutes: number
  teardown_minutes: number
}

/** Where the booking that has the room could be instead, with the version of it that was seen. */
export async function otherPlaces(id: string): Promise<{ version: number; alternatives: Alternative[] }> {
  return get(`${bookings}/${id}/alternatives`)
}

/** Moves what has the room to another place and books it for the draft, both or neither; what sets both back. */
export async function makeRoom(id: string, version: number, to: Alternative, draft: Draft, terms: object, reason_code: string): Promise<() => Promise<void>> {
  const before = await get<Displaced>(`${bookings}/${id}`)
  const { setup_minutes, teardown_minutes } = to
  const body = { move_to: { ...pick(to), setup_minutes, teardown_minutes }, booking: { id: draft.id, ...bodyOf(draft), ...terms }, reason_code }
  const { moved, booking } = (await call<{ moved: Booking; booking: Booking }>('POST', `${bookings}/${id}/make-room`, body, version)).body
  return async () => {
    await call('POST', `${bookings}/${booking.id}/cancel`, {}, booking.version)
    const buffers = { setup_minutes: before.setup_minutes, teardown_minutes: before.teardown_minutes }
    await call('POST', `${bookings}/${id}/move`, { ...pick(before), ...buffers }, moved.version)
  }
}
