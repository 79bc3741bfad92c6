// A room as facility keeps it. Whatever it says goes back with it, also what no form shows.
import { call, uuid7 } from './api'

export const LAYOUTS = ['seated', 'standing', 'classroom', 'meeting', 'banquet', 'open_floor'] as const
export const ORGANISERS = ['municipal', 'voluntary', 'business', 'resident'] as const

export interface Room {
  id: string; version: number; square_id: string; name: string; parent_id: string | null; unit_id: string | null
  capacity: number | null; layouts: Record<string, number | null>; features: string[]; floor: string | null
  bookable: boolean; position: number; noise_out: number | null; noise_tolerance: number | null
  neighbours: { space_id: string; attenuation: number }[]; prices: Record<string, number | null>
}
export type RoomField = Exclude<keyof Room, 'id' | 'version' | 'square_id'>

const path = (id: string) => `/api/facility/spaces/${id}`
/** What an answer says beside the room itself. */
const BESIDE = new Set(['id', 'space_id', 'version', 'withdrawn'])

export function newRoom(square_id: string, position: number): Room {
  return {
    id: uuid7(), version: 0, square_id, name: '', parent_id: null, unit_id: null, capacity: null, layouts: {}, features: [],
    floor: null, bookable: true, position, noise_out: null, noise_tolerance: null, neighbours: [], prices: {},
  }
}

/** As it is put: an empty field says nothing. */
export function bodyOf(room: Room): Omit<Room, 'id' | 'version'> {
  const body = Object.fromEntries(Object.entries(room).filter(([name]) => !BESIDE.has(name))) as unknown as Omit<Room, 'id' | 'version'>
  return { ...body, floor: room.floor || null, position: room.position || 0, layouts: said(room.layouts), prices: said(room.prices) }
}

const said = (numbers: Record<string, number | null>) =>
  Object.fromEntries(Object.entries(numbers).filter((one): one is [string, number] => one[1] !== null && one[1] !== undefined))

/** The rooms that are not the room itself or under it, of which it cannot be a part. */
export function above<T extends { space_id: string; parent_id: string | null }>(spaces: T[], id: string): T[] {
  const under = new Set([id])
  for (let before = 0; before < under.size; ) {
    before = under.size
    for (const one of spaces) if (one.parent_id && under.has(one.parent_id)) under.add(one.space_id)
  }
  return spaces.filter((one) => !under.has(one.space_id))
}

/** In the order in which they stand, each with its parts after it and how deep it lies. */
export function nested<T extends { space_id: string; parent_id: string | null }>(spaces: T[]): { space: T; depth: number }[] {
  const known = new Set(spaces.map((one) => one.space_id))
  const parts = (of: string | null, depth: number): { space: T; depth: number }[] =>
    spaces.filter((one) => (one.parent_id && known.has(one.parent_id) ? one.parent_id : null) === of).flatMap((space) => [{ space, depth }, ...parts(space.space_id, depth + 1)])
  return parts(null, 0)
}

/** Keeps it; what sets it back. A new one goes out of use again. */
export async function keepRoom(room: Room, before: Room | null): Promise<() => Promise<void>> {
  const { body } = await call<Room>('PUT', path(room.id), bodyOf(room), room.version || null)
  return async () => {
    if (before) await call('PUT', path(room.id), bodyOf(before), body.version)
    else await call('DELETE', path(room.id), undefined, body.version)
  }
}

/** Out of use for good; what brings it back. */
export async function withdrawRoom(room: Room): Promise<() => Promise<void>> {
  const { body } = await call<Room>('DELETE', path(room.id), undefined, room.version)
  return async () => void (await call('PUT', path(room.id), bodyOf(room), body.version))
}
