import { describe, expect, it } from 'vitest'
import { clashes, extent, place, shareFloor, window, within } from './layout'
import type { Item, Space } from './types'

const space = (space_id: string, parent_id: string | null = null): Space => ({ space_id, parent_id, unit_id: null, name: space_id, floor: '1', capacity: null, features: [], bookable: true })
const spaces = [space('ab'), space('a', 'ab'), space('b', 'ab'), space('c')]
const item = (id: string, rooms: string[], start: string, end: string, more: Partial<Item> = {}): Item => ({
  kind: 'booking', id, version: 1, unit_id: null, title: id, state: 'confirmed', space_ids: rooms, starts_at: `2026-11-24T${start}:00+01:00`, ends_at: `2026-11-24T${end}:00+01:00`,
  local_date: '2026-11-24', local_start: start, local_end: end, setup_minutes: 0, teardown_minutes: 0, masked: false, ...more,
})
const wish = { space_ids: ['a'], start: 600, end: 660, setup: 0, teardown: 0 }

describe('layout', () => {
  it('knows that a divisible hall and its parts share the floor', () => {
    expect(shareFloor(spaces, 'ab', 'a')).toBe(true)
    expect(shareFloor(spaces, 'a', 'b')).toBe(false)
  })
  it('shows a booking of the hall on the rows of its parts', () => {
    expect(place([item('x', ['ab'], '10:00', '11:00')], spaces, 'a', '2026-11-24')[0]?.through).toBe('ab')
    expect(place([item('x', ['ab'], '10:00', '11:00')], spaces, 'c', '2026-11-24')).toEqual([])
  })
  it('sets overlapping items side by side and others alone', () => {
    const placed = place([item('x', ['c'], '10:00', '11:00'), item('y', ['c'], '10:30', '11:30'), item('z', ['c'], '12:00', '13:00')], spaces, 'c', '2026-11-24')
    expect(placed.map((one) => [one.lane, one.lanes])).toEqual([[0, 2], [1, 2], [0, 1]])
  })
  it('finds clashes with setup and teardown, and none where ranges touch', () => {
    expect(clashes(wish, [item('x', ['ab'], '11:00', '12:00')], spaces, '2026-11-24')).toEqual([])
    expect(clashes(wish, [item('x', ['ab'], '11:00', '12:00', { setup_minutes: 15 })], spaces, '2026-11-24')).toHaveLength(1)
    expect(clashes(wish, [item('x', ['a'], '10:00', '11:00')], spaces, '2026-11-24', 'x')).toEqual([])
    expect(clashes(wish, [item('x', ['a'], '10:00', '11:00', { state: 'cancelled' })], spaces, '2026-11-24')).toEqual([])
  })
  it('widens the hours shown to what lies outside a usual day', () => {
    expect(window([item('x', ['a'], '05:30', '23:10')], '2026-11-24')).toEqual({ first: 300, last: 1440 })
  })
})

describe('what began before the date or ends after it', () => {
  const night = item('night', ['a'], '22:00', '02:00', { ends_at: '2026-11-25T02:00:00+01:00' })

  it('is moved whole, and not cut at midnight', () => {
    expect(extent(night)).toEqual({ date: '2026-11-24', start: 1320, end: 1560 })
    expect(extent(item('late', ['a'], '22:00', '00:00', { ends_at: '2026-11-25T00:00:00+01:00' })).end).toBe(1440)
  })

  it('is not dragged along a day that shows only a part of it', () => {
    expect([within(night, '2026-11-24'), within(night, '2026-11-25')]).toEqual([false, false])
    expect(within(item('late', ['a'], '22:00', '00:00', { ends_at: '2026-11-25T00:00:00+01:00' }), '2026-11-24')).toBe(true)
  })
})
