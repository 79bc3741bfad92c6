// Where things stand on the timeline, and what would clash. Pure.
import { DAY, daysBetween, lastDay, minutes } from './time'
import type { Item, Space } from './types'

export interface Placed {
  item: Item
  start: number
  end: number
  /** Occupied with setup and teardown. */
  from: number
  until: number
  lane: number
  lanes: number
  /** Shown on this row because of another room that shares its floor space. */
  through: string | null
}

export interface Wish {
  space_ids: string[]
  start: number
  end: number
  setup: number
  teardown: number
}

/** Minutes of the shown date; what began before or ends after is cut at midnight. */
export function span(item: Item, date: string): { start: number; end: number } {
  const start = item.local_date < date ? 0 : minutes(item.local_start)
  const endDate = item.ends_at?.slice(0, 10) ?? null
  const end = item.local_end === null || endDate === null || endDate > date ? DAY : minutes(item.local_end)
  return { start, end: Math.max(end, start + 5) }
}

/** All of it, in minutes of the date on which it begins. */
export function extent(item: Pick<Item, 'local_date' | 'local_start' | 'local_end' | 'ends_at'>): { date: string; start: number; end: number } {
  const [date, start] = [item.local_date, minutes(item.local_start)]
  if (item.local_end === null) return { date, start, end: DAY }
  return { date, start, end: minutes(item.local_end) + daysBetween(date, item.ends_at?.slice(0, 10) ?? date) * DAY }
}

/** Whether all of it lies on the date, so that it can be dragged there and back. */
export function within(item: Item, date: string): boolean {
  return item.local_date === date && lastDay(extent(item).end) === 0
}

export const OCCUPYING = new Set(['confirmed', 'held', 'blocked', 'scheduled', 'completed', 'busy'])

/** The leaves under a space: a booking of a hall takes all its parts. */
export function leaves(spaces: Space[], id: string): string[] {
  const parts = spaces.filter((space) => space.parent_id === id)
  return parts.length ? parts.flatMap((part) => leaves(spaces, part.space_id)) : [id]
}

export function shareFloor(spaces: Space[], one: string, other: string): boolean {
  if (one === other) return true
  const taken = new Set(leaves(spaces, one))
  return leaves(spaces, other).some((leaf) => taken.has(leaf))
}

/** The items of one room's row, side by side where they overlap. */
export function place(items: Item[], spaces: Space[], row: string, date: string): Placed[] {
  const own = items.filter((item) => item.space_ids.some((id) => shareFloor(spaces, id, row)))
  return beside(own, date, (item) => (item.space_ids.includes(row) ? null : (item.space_ids.find((id) => shareFloor(spaces, id, row)) ?? null)))
}

/** Any items in one row, side by side where they overlap. */
export function beside(items: Item[], date: string, through: (item: Item) => string | null = () => null): Placed[] {
  const placed = items.map((item) => {
    const { start, end } = span(item, date)
    const [from, until] = [Math.max(0, start - item.setup_minutes), Math.min(DAY, end + item.teardown_minutes)]
    return { item, start, end, through: through(item), lane: 0, lanes: 1, from, until }
  })
  return inLanes(placed.sort((a, b) => a.start - b.start || a.end - b.end))
}

function inLanes(placed: Placed[]): Placed[] {
  let group: Placed[] = []
  let groupEnd = -1
  const close = () => {
    const lanes = Math.max(1, ...group.map((one) => one.lane + 1))
    for (const one of group) one.lanes = lanes
    group = []
  }
  for (const one of placed) {
    if (one.start >= groupEnd) close()
    const busy = new Set(group.filter((other) => other.end > one.start).map((other) => other.lane))
    one.lane = 0
    while (busy.has(one.lane)) one.lane += 1
    group.push(one)
    groupEnd = Math.max(groupEnd, one.end)
  }
  close()
  return placed
}

/** What stands in the way of a wish among the items of its day; `ignoring` is the booking being moved. */
export function clashes(wish: Wish, items: Item[], spaces: Space[], date: string, ignoring?: string): Item[] {
  const from = wish.start - wish.setup
  const until = wish.end + wish.teardown
  return items.filter((item) => {
    if (item.id === ignoring || (ignoring && item.booking_id === ignoring)) return false
    if (!OCCUPYING.has(item.state) && item.kind !== 'closure') return false
    if (item.kind === 'closure' && item.state === 'lifted') return false
    if (!item.space_ids.some((id) => wish.space_ids.some((wanted) => shareFloor(spaces, id, wanted)))) return false
    const taken = span(item, date)
    return from < taken.end + item.teardown_minutes && taken.start - item.setup_minutes < until
  })
}

/** The hours shown: a usual day, wider where something lies outside it. */
export function window(items: Item[], date: string): { first: number; last: number } {
  let first = 7 * 60
  let last = 22 * 60
  for (const item of items) {
    const { start, end } = span(item, date)
    if (item.kind === 'closure') continue
    first = Math.min(first, Math.floor((start - item.setup_minutes) / 60) * 60)
    last = Math.max(last, Math.ceil((end + item.teardown_minutes) / 60) * 60)
  }
  return { first: Math.max(0, first), last: Math.min(DAY, last) }
}
