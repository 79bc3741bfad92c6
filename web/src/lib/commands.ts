// What the reader does with bookings and occurrences. Each can be undone by the call it hands back.
import { call, uuid7, type Answer } from './api'
import type { Brought } from './equipment'
import { wallTime } from './time'
import type { Item, Reason, Slot, Unit } from './types'

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
}

/** Undoes it; `warnings` are what the answer warned of. */
export type Undo = (() => Promise<void>) & { warnings: Reason[] }

const bookings = '/api/facility/bookings'

export function newDraft(date: string, start: number, end: number, space: string | null): Draft {
  return {
    id: uuid7(), title: '', space_ids: space ? [space] : [], date, start, end, setup: 0, teardown: 0, people: null,
    equipment: [], unit_id: null, state: 'confirmed',
  }
}

export async function book(draft: Draft): Promise<Undo> {
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
  }
  const made = await call<Booking>('PUT', `${bookings}/${draft.id}`, body)
  return undo(made, async () => {
    await call('POST', `${bookings}/${draft.id}/cancel`, {}, made.version ?? made.body.version)
  })
}

const undo = (answer: Answer<Booking>, work: () => Promise<void>): Undo =>
  Object.assign(work, { warnings: answer.body.warnings ?? [] })

export interface Target {
  space_ids: string[]
  date: string
  start: number
  end: number
  equipment?: Brought[]
}

/** Moves a booking, or an occurrence with its booking, to another time or room. */
export async function move(item: Item, target: Target, unit: Unit | undefined, version?: number): Promise<Undo> {
  const slot = {
    space_ids: target.space_ids,
    starts_at: wallTime(target.date, target.start),
    ends_at: wallTime(target.date, target.end),
  }
  const answer = await shift(item, slot, unit, version ?? item.version ?? 0, target.equipment)
  return undo(answer, async () => {
    await shift(item, item as Slot, unit, answer.version ?? answer.body.version, item.equipment)
  })
}

function shift(item: Item, slot: Slot, unit: Unit | undefined, version: number, equipment?: Brought[]): Promise<Answer<Booking>> {
  const buffers = { setup_minutes: item.setup_minutes, teardown_minutes: item.teardown_minutes }
  if (item.kind === 'booking') return call('POST', `${bookings}/${item.id}/move`, { ...pick(slot), ...buffers, ...(equipment ? { equipment } : {}) }, version)
  const instants = { starts_at: instant(slot.starts_at), ends_at: instant(slot.ends_at) }
  const path = `/api/${unit?.kind ?? 'library'}/occurrences/${item.id}/reschedule`
  return call('POST', path, { ...pick(slot), ...instants, ...buffers }, version)
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
    await call('POST', `/api/${unit?.kind ?? 'library'}/occurrences/${item.id}/cancel`, {}, item.version)
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
