// Things that are carried from room to room: what the square has, how much of it is free, and what a booking brings along.
import { call, get } from './api'
import { wallTime } from './time'

/** What it does for a room, by the names rooms' own features have. */
export const KINDS = ['projector', 'screen', 'piano', 'hearing_loop', 'sound_system', 'stage', 'mats'] as const

export interface Thing {
  id: string; version: number; square_id: string; unit_id: string | null; kind: string; name: string
  count: number; unit_minutes: number; square_minutes: number
  /** How many are there all the time that was asked for. */
  free?: number
  /** On which of many dates there are fewer than all, with how many. */
  fewer?: { date: string; free: number }[]
}
export interface Brought { id: string; count: number }
export interface Stay { space_ids: string[]; date: string; start: number; end: number; setup: number; teardown: number }

const path = '/api/facility/equipment'

export async function things(square_id: string): Promise<Thing[]> {
  return (await get<{ equipment: Thing[] }>(`${path}?square_id=${square_id}`)).equipment
}

/** With how many are free, as it would be without the booking that is to be changed. */
export async function thingsDuring(square_id: string, stay: Stay, without: string | null): Promise<Thing[]> {
  const from = shifted(stay.date, stay.start, -stay.setup)
  const query = new URLSearchParams({ square_id, from, to: shifted(stay.date, stay.end, stay.teardown) })
  for (const id of stay.space_ids) query.append('space_id', id)
  if (without) query.set('without', without)
  return (await get<{ equipment: Thing[] }>(`${path}?${query}`)).equipment
}

/** The same on each of the dates: the least of them, and on which there are fewer than all. */
export async function thingsOver(square_id: string, stay: Stay, dates: string[], without: string | null): Promise<Thing[]> {
  const stays = dates.map((date) => ({ starts_at: shifted(date, stay.start, -stay.setup), ends_at: shifted(date, stay.end, stay.teardown) }))
  const body = { square_id, space_ids: stay.space_ids, stays, without }
  const found = (await call<{ equipment: Over[] }>('POST', `${path}/free`, body)).body.equipment
  return found.map((one) => ({ ...one, fewer: one.fewer.map(({ stay, free }) => ({ date: dates[stay] ?? '', free })) }))
}

type Over = Omit<Thing, 'fewer'> & { fewer: { stay: number; free: number }[] }

/** The dates on which there are too few. */
export const shortOn = (thing: Thing, wanted: number): string[] =>
  (thing.fewer ?? []).filter((one) => one.free < wanted).map((one) => one.date)

/** The wall time some minutes on, or back over midnight. */
function shifted(date: string, minute: number, by: number): string {
  const at = new Date(`${wallTime(date, minute)}:00Z`)
  at.setUTCMinutes(at.getUTCMinutes() + by)
  return at.toISOString().slice(0, 16)
}

/** Adds it, or changes the version that was seen; what undoes it. */
export async function keepThing(thing: Thing, before: Thing | null): Promise<() => Promise<void>> {
  const saved = await put(thing)
  return async () => {
    if (before) await put({ ...before, version: saved.version })
    else await call('DELETE', `${path}/${thing.id}`, undefined, saved.version)
  }
}

export async function withdrawThing(thing: Thing): Promise<() => Promise<void>> {
  const gone = (await call<Thing>('DELETE', `${path}/${thing.id}`, undefined, thing.version)).body
  return async () => void (await put({ ...thing, version: gone.version }))
}

async function put({ id, version, square_id, unit_id, kind, name, count, unit_minutes, square_minutes }: Thing): Promise<Thing> {
  const body = { square_id, unit_id, kind, name, count, unit_minutes, square_minutes }
  return (await call<Thing>('PUT', `${path}/${id}`, body, version || null)).body
}
