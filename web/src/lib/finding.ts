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

/** As the address of the screen has it: the same day and time, setup included, and what the booking needs. Where it does
    not say, it needs as many seats and the access it has now. */
export function wishFor(one: Wanted, rooms: Pick<Space, 'space_id' | 'features' | 'capacity'>[]): URLSearchParams {
  const start = Math.max(0, minutes(one.local_start) - one.setup_minutes)
  const bare = (minutes(one.local_end) - minutes(one.local_start) + DAY) % DAY || DAY
  const end = Math.min(DAY, minutes(one.local_start) + bare + one.teardown_minutes)
  const taken = rooms.filter((room) => one.space_ids.includes(room.space_id))
  const has = new Set(taken.flatMap((room) => room.features))
  const seats = taken.some((room) => room.capacity === null) ? 0 : taken.reduce((sum, room) => sum + (room.capacity ?? 0), 0)
  const needs = new Set(one.needs ?? ACCESS.filter((need) => has.has(need)))
  const wish = new URLSearchParams({ from: one.local_date, to: one.local_date, minutes: String(end - start), earliest: clock(start), latest: clock(end) })
  wish.set('people', String(one.expected_people ?? seats))
  if (one.organiser_kind) wish.set('organiser', one.organiser_kind)
  if (one.layout) wish.set('layout', one.layout)
  if (one.quiet_need) wish.set('quiet', String(one.quiet_need))
  if (one.noise_out) wish.set('noise', String(one.noise_out))
  if (needs.has('kitchen')) wish.set('kitchen', 'true')
  for (const need of ACCESS) if (needs.has(need)) wish.append('access', need)
  for (const need of EQUIPMENT) if (needs.has(need)) wish.append('equipment', need)
  return wish
}
