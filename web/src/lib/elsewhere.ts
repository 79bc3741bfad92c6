// Many dates elsewhere: which other room there is for them, and moving them one by one.
import { call, get } from './api'
import { moveTo } from './commands'
import type { Sought, Wanted } from './finding'
import { oneByOne, type Outcome } from './one-by-one'
import type { ProblemBody, Reason, Slot, Unit } from './types'
import { asItem, step, type Occurrence } from './workplace'

/** What undoes a move, where there is a way, and what its answer warned of. */
export interface Done { back?: () => Promise<void>; warnings: Reason[] }

/** A date that could be elsewhere: a booking by itself, or a unit's date with its booking, or a draft without one. */
export interface Movable extends Omit<Wanted, 'setup_minutes' | 'teardown_minutes'> {
  id: string
  /** None: at its own times, which nobody has booked. */
  booking_id: string | null
  starts_at: string
  ends_at: string
  /** What is not said stays. */
  move: (to: Partial<Slot>) => Promise<Done>
}

export interface Elsewhere { space_id: string; name: string; floor: string | null; capacity: number | null; why: string[]; book: number[]; request: number[] }

export interface Found { candidates: Elsewhere[]; left_out: { message: string }[] }

/** The rooms in which most of the dates can be booked first. `unit_id`: whose they are, and with which buffers, where nothing is booked. */
export async function roomsFor(dates: Movable[], sought: Sought, square: string, more: { unit_id?: string | null; setup?: number; teardown?: number } = {}): Promise<Found> {
  const near = dates[0]?.space_ids[0]
  const body = {
    ...sought, square_id: [square], ...(near && { near_space_id: near }), ...(more.unit_id && { for_unit_id: more.unit_id }),
    setup_minutes: more.setup ?? 0, teardown_minutes: more.teardown ?? 0,
    dates: dates.map(({ booking_id, starts_at, ends_at }) => (booking_id ? { booking_id } : { starts_at, ends_at })),
  }
  return (await call<Found>('POST', '/api/facility/find/dates', body)).body
}

/** What a date's new neighbours will hear of it. */
export interface Heard { one: Movable; warnings: Reason[] }

/** The first that is said against it. */
export const whyNot = (problem: ProblemBody): string => problem.reasons?.[0]?.message ?? problem.detail

/** All of `dates` to where `to` says; `back` takes those back that can be, and says of how many that came true. */
export async function moveAll(dates: Movable[], to: (one: Movable) => Partial<Slot>, told: (n: number) => void): Promise<{ came: Outcome<Movable>; warned: Heard[]; back?: () => Promise<Outcome<unknown>> }> {
  const undo: (() => Promise<void>)[] = []
  const warned: Heard[] = []
  const came = await oneByOne(dates, async (one) => {
    const { back, warnings } = await one.move(to(one))
    if (back) undo.unshift(back)
    if (warnings.length) warned.push({ one, warnings })
  }, told)
  return { came, warned, ...(undo.length && { back: () => oneByOne(undo, (back) => back(), () => undefined) }) }
}

/** A booking; one that a unit's date has is moved through its unit, so that the date is where its booking is. */
export function movableBooking(one: Wanted & { id: string; version: number; starts_at: string; ends_at: string; unit_id?: string | null; owner_ref?: string | null }): Movable {
  const occurrence = one.owner_ref?.startsWith('occurrence/') ? one.owner_ref.slice('occurrence/'.length) : null
  return {
    ...one, booking_id: one.id,
    move: async (to) => {
      if (!occurrence) return moved(await moveTo({ ...one, kind: 'booking', unit_id: one.unit_id ?? null, title: null, state: '', masked: false }, to, undefined))
      const unit = await unitOf(one.unit_id ?? '')
      const date = await get<Occurrence>(`/api/${unit.kind}/occurrences/${occurrence}`)
      return moved(await moveTo(asItem(date, 'UTC'), to, unit))
    },
  }
}

const moved = (back: Done['back'] & { warnings: Reason[] }): Done => ({ back, warnings: back.warnings })

/** A unit's date. A draft asks for its room where it is to be, and has no place to go back to. */
export function movableDate(one: Occurrence, unit: Unit, zone: string, needs: Partial<Wanted>): Movable {
  const { local_date, local_start, local_end } = asItem(one, zone)
  const at = { local_date, local_start, local_end: local_end ?? local_start, space_ids: one.space_ids, starts_at: one.starts_at, ends_at: one.ends_at }
  return {
    ...needs, ...at, id: one.occurrence_id, booking_id: one.state === 'scheduled' ? one.booking_id : null,
    move: async (to) => {
      const back = await moveTo(asItem(one, zone), to, unit)
      if (one.state !== 'draft' || !(to.space_ids ?? one.space_ids).length) return moved(back)
      try {
        const there = await get<Occurrence>(`/api/${unit.kind}/occurrences/${one.occurrence_id}`)
        return { warnings: (await step(unit, there, 'schedule')).warnings ?? [] }
      } catch (error) {
        await back()
        throw error
      }
    },
  }
}

const known = new Map<string, Promise<Unit>>()
function unitOf(id: string): Promise<Unit> {
  const found = known.get(id) ?? get<{ kind: string; name: string }>(`/api/facility/units/${id}`).then(({ kind, name }) => ({ unit_id: id, kind, name }))
  known.set(id, found)
  return found
}
