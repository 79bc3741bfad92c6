// What the reader does with bookings and occurrences. Each can be undone by the call it hands back.
import { call, get, uuid7, type Answer } from './api'
import type { Brought } from './equipment'
import { wallTime } from './time'
import type { AskedMove, Item, MoveRequest, Reason, Slot, Unit } from './types'

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
    equipment: [], unit_id: null, state: 'confirmed',
  }
}

/** `terms`: what answers a refusal. */
export async function book(draft: Draft, terms: object = {}): Promise<Undo> {
  const body = {
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
    ...terms,
  }
  const made = await call<Booking>('PUT', `${bookings}/${draft.id}`, body)
  return undo(made, async () => {
    await call('POST', `${bookings}/${draft.id}/cancel`, {}, made.version ?? made.body.version)
  })
}

const undo = (answer: Answer<Booking>, work: () => Promise<void>): Undo =>
  Object.assign(work, { warnings: answer.body.warnings ?? [], requested: answer.body.state === 'requested' })

export interface Target {
  space_ids: string[]
  date: string
  start: number
  end: number
  equipment?: Brought[]
}

/** Moves a booking, or an occurrence with its booking, to another time or room. */
export async function move(item: Item, target: Target, unit: Unit | undefined, version?: number, terms: object = {}): Promise<Undo> {
  const slot = {
    space_ids: target.space_ids,
    starts_at: wallTime(target.date, target.start),
    ends_at: wallTime(target.date, target.end),
  }
  const answer = await shift(item, slot, unit, version ?? item.version ?? 0, { ...brought(target.equipment), ...terms })
  return undo(answer, async () => {
    await shift(item, item as Slot, unit, answer.version ?? answer.body.version, brought(item.equipment))
  })
}

/** Asks whoever decides about the room for another time or room. What is there stays where it is until the answer, and
    goes there by itself when that is yes. */
export async function requestInstead(item: Item, draft: Draft, unit: Unit | undefined, terms: object): Promise<Undo> {
  if (item.kind === 'booking') return requestPlaceOf(item.id, draft, terms)
  const slot = { space_ids: draft.space_ids, starts_at: wallTime(draft.date, draft.start), ends_at: wallTime(draft.date, draft.end) }
  const asked = await shift(item, slot, unit, item.version ?? 0, { ...brought(draft.equipment), ...terms, request: true })
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

const SAME = ['organiser_kind', 'organiser_id', 'needs', 'layout', 'purpose', 'responsible_role', 'noise_out', 'quiet_need']
const same = (known: object) => Object.fromEntries(Object.entries(known).filter(([name, value]) => SAME.includes(name) && value !== null))

/** Where its service answers for it. */
export const pathOf = (item: Pick<Item, 'kind' | 'id'>, unit: Unit | undefined): string =>
  item.kind === 'booking' ? `${bookings}/${item.id}` : `/api/${unit?.kind ?? 'library'}/occurrences/${item.id}`

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

export async function cancel(item: Item, unit: Unit | undefined): Promise<(() => Promise<void>) | undefined> {
  if (item.kind === 'occurrence') {
    await call('POST', `${pathOf(item, unit)}/cancel`, {}, item.version)
    return undefined
  }
  await call('POST', `${bookings}/${item.id}/cancel`, {}, item.version)
  return async () => {
    const again = {
      space_ids: item.space_ids, starts_at: item.starts_at, ends_at: item.ends_at, setup_minutes: item.setup_minutes,
      teardown_minutes: item.teardown_minutes, title: item.title, unit_id: item.unit_id,
      expected_people: item.expected_people ?? null, equipment: item.equipment ?? [], state: item.state === 'affected' ? 'confirmed' : item.state,
    }
    await call('PUT', `${bookings}/${uuid7()}`, again)
  }
}
