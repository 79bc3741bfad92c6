import { describe, expect, it, vi } from 'vitest'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
vi.stubGlobal('document', { documentElement: {} })
const { bodyOf, newPolicy, newRule, ofSimple, simpleOf } = await import('./policy')

const rule = (more: object) => ({ ...newRule(), ...more })
const read = (access: object[], otherwise: 'book' | 'request' = 'book') => simpleOf({ access: access.map(rule), otherwise })

describe('who books and who asks', () => {
  it('is told simply where it is simple, and means the same again', () => {
    for (const said of [{ ownerBooks: false, mustAsk: [] }, { ownerBooks: true, mustAsk: ['business', 'resident'] }, { ownerBooks: true, mustAsk: ['municipal', 'voluntary', 'business', 'resident'] }]) {
      expect(simpleOf(ofSimple(said))).toEqual(said)
    }
  })

  it('is shown rule by rule where a simple form would lose some of it', () => {
    expect(read([{ may: 'book', roles: ['front_line'] }])).toBeNull()
    expect(read([{ organiser_kinds: ['business'] }, { owner: true, may: 'book' }])).toBeNull()
    expect(read([{ owner: false, organiser_kinds: ['business'] }])).toBeNull()
    expect(read([{ may: 'book', organiser_kinds: ['voluntary'] }], 'request')).toBeNull()
    expect(read([{ may: 'request' }])).toBeNull()
  })
})

describe('a policy', () => {
  it('goes back with what no form shows', () => {
    const known = { ...newPolicy(), touches: [{ unit_id: 'u', why: 'noise' }], of_tomorrow: 3 }
    expect(bodyOf(known)).toEqual(known)
  })

  it('has no quota and no stand-in that say nothing', () => {
    const body = bodyOf({ ...newPolicy(), quota: { bookings_per_week: null, minutes_per_week: 0 }, stand_in: { role: '', unit_id: null } })
    expect([body.quota, body.stand_in]).toEqual([null, null])
    expect(bodyOf({ ...newPolicy(), quota: { bookings_per_week: 2, minutes_per_week: null } }).quota).toEqual({ bookings_per_week: 2, minutes_per_week: null })
  })
})
