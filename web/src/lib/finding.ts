// What the search for a room takes, and the search that another room for a booking begins with.
import { addDays, clock, DAY, minutes, wallTime } from './time'
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

const STEP = 15
export const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7] as const

/** What is looked for, as it is typed. Times of day are minutes; no weekday means any. */
export interface Wish {
  people: number; from: string; to: string; minutes: number; setup: number; teardown: number; dayFrom: number; dayTo: number; weekdays: number[]
  layout: string; access: string[]; equipment: string[]; kitchen: boolean; quiet: number; noise: number; organiser: string; price: number | null
  /** In this square alone. */
  here: boolean
}

/** The wish that an address holds. */
export function readWish(query: URLSearchParams, today: string): Wish {
  const number = (name: string, otherwise: number) => Number(query.get(name) ?? otherwise) || 0
  const time = (name: string, otherwise: number) => (/^\d\d:\d\d$/.test(query.get(name) ?? '') ? minutes(query.get(name) ?? '') : otherwise)
  return {
    people: number('people', 10), from: query.get('from') || today, to: query.get('to') || addDays(today, 13), minutes: number('minutes', 120),
    setup: number('setup', 0), teardown: number('teardown', 0), dayFrom: time('earliest', 480), dayTo: time('latest', 1320), weekdays: query.getAll('weekday').map(Number),
    layout: query.get('layout') ?? '', access: query.getAll('access'), equipment: query.getAll('equipment'), kitchen: query.get('kitchen') === 'true',
    quiet: number('quiet', 0), noise: number('noise', 0), organiser: query.get('organiser') ?? 'municipal', price: query.get('price') === null ? null : number('price', 0),
    here: query.get('everywhere') === null,
  }
}

/** As an address, so that it can be sent to somebody. */
export function addressOf(wish: Wish): URLSearchParams {
  const said = { setup: wish.setup, teardown: wish.teardown, layout: wish.layout, kitchen: wish.kitchen, quiet: wish.quiet, noise: wish.noise, everywhere: !wish.here }
  const query = new URLSearchParams({ people: String(wish.people), from: wish.from, to: wish.to, minutes: String(wish.minutes), earliest: clock(wish.dayFrom), latest: clock(wish.dayTo), organiser: wish.organiser })
  for (const [name, value] of Object.entries(said)) if (value) query.set(name, String(value))
  if (wish.price !== null) query.set('price', String(wish.price))
  return appended(query, wish)
}

/** As facility is asked; nothing that is over is asked for. */
export function queryOf(wish: Wish, here: { square: string; date: string; minute: number }): URLSearchParams {
  const from = wish.from <= here.date ? wallTime(here.date, Math.ceil(here.minute / STEP) * STEP) : `${wish.from}T00:00`
  const query = new URLSearchParams({ from, to: wallTime(wish.to, DAY), minutes: String(wish.minutes), people: String(wish.people), organiser_kind: wish.organiser, day_from: clock(wish.dayFrom), day_to: clock(wish.dayTo % DAY) })
  const said = { setup_minutes: wish.setup, teardown_minutes: wish.teardown, layout: wish.layout, kitchen: wish.kitchen, quiet_need: wish.quiet, noise_out: wish.noise, square_id: wish.here && here.square }
  for (const [name, value] of Object.entries(said)) if (value) query.set(name, String(value))
  if (wish.price !== null) query.set('max_price', String(wish.price))
  return appended(query, wish)
}

function appended(query: URLSearchParams, wish: Wish): URLSearchParams {
  for (const one of wish.weekdays) query.append('weekday', String(one))
  for (const one of wish.access) query.append('access', one)
  for (const one of wish.equipment) query.append('equipment', one)
  return query
}

/** What is booked at the start of a time that was found: what was looked for, not what has been typed since. */
export function bookingOf(wish: Wish, room: string, starts_at: string): Record<string, unknown> {
  return {
    space_ids: [room], starts_at, ends_at: after(starts_at, wish.minutes), setup_minutes: wish.setup, teardown_minutes: wish.teardown, expected_people: wish.people,
    organiser_kind: wish.organiser, layout: wish.layout || null, needs: [...wish.access, ...wish.equipment, ...(wish.kitchen ? ['kitchen'] : [])],
    quiet_need: wish.quiet || null, noise_out: wish.noise || null,
  }
}

export const after = (instant: string, length: number): string => new Date(new Date(instant).getTime() + length * 60_000).toISOString()
