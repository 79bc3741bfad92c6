// What the search for a room takes, and the search that another room for a booking begins with.
import { clock, DAY, minutes } from './time'
import type { Space } from './types'

export const ACCESS = ['step_free', 'hearing_loop'] as const
export const EQUIPMENT = ['projector', 'screen', 'stage', 'sound_system', 'piano', 'mats'] as const

/** A booking as far as a room for it has to do. */
export interface Wanted {
  space_ids: string[]
  local_date: string
  local_start: string
  local_end: string
  setup_minutes: number
  teardown_minutes: number
  expected_people?: number | null
  needs?: string[] | null
  layout?: string | null
  organiser_kind?: string | null
  noise_out?: number | null
  quiet_need?: number | null
}

/** What another room for a booking must have. Where it does not say, it needs as many seats and the access it has now. */
export interface Sought {
  people: number
  organiser_kind?: string
  layout?: string
  quiet_need?: number
  noise_out?: number
  kitchen?: boolean
  access: string[]
  equipment: string[]
}

type Known = Pick<Space, 'space_id' | 'features' | 'capacity'>

export function soughtFor(one: Omit<Wanted, 'local_date' | 'local_start' | 'local_end' | 'setup_minutes' | 'teardown_minutes'>, rooms: Known[]): Sought {
  const taken = rooms.filter((room) => one.space_ids.includes(room.space_id))
  const has = new Set(taken.flatMap((room) => room.features))
  const seats = taken.some((room) => room.capacity === null) ? 0 : taken.reduce((sum, room) => sum + (room.capacity ?? 0), 0)
  const needs = new Set(one.needs ?? ACCESS.filter((need) => has.has(need)))
  return {
    people: one.expected_people ?? seats,
    ...(one.organiser_kind && { organiser_kind: one.organiser_kind }),
    ...(one.layout && { layout: one.layout }),
    ...(one.quiet_need && { quiet_need: one.quiet_need }),
    ...(one.noise_out && { noise_out: one.noise_out }),
    ...(needs.has('kitchen') && { kitchen: true }),
    access: ACCESS.filter((need) => needs.has(need)),
    equipment: EQUIPMENT.filter((need) => needs.has(need)),
  }
}

/** As the address of the screen has it: the same day and time, setup included, and what the booking needs. */
export function wishFor(one: Wanted, rooms: Known[]): URLSearchParams {
  const start = Math.max(0, minutes(one.local_start) - one.setup_minutes)
  const bare = (minutes(one.local_end) - minutes(one.local_start) + DAY) % DAY || DAY
  const end = Math.min(DAY, minutes(one.local_start) + bare + one.teardown_minutes)
  const sought = soughtFor(one, rooms)
  const wish = new URLSearchParams({ from: one.local_date, to: one.local_date, minutes: String(end - start), earliest: clock(start), latest: clock(end) })
  wish.set('people', String(sought.people))
  if (sought.organiser_kind) wish.set('organiser', sought.organiser_kind)
  if (sought.layout) wish.set('layout', sought.layout)
  if (sought.quiet_need) wish.set('quiet', String(sought.quiet_need))
  if (sought.noise_out) wish.set('noise', String(sought.noise_out))
  if (sought.kitchen) wish.set('kitchen', 'true')
  for (const need of sought.access) wish.append('access', need)
  for (const need of sought.equipment) wish.append('equipment', need)
  return wish
}
