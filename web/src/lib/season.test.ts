import { describe, expect, it, vi } from 'vitest'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
vi.stubGlobal('document', { documentElement: {} })
const { draftOf, lasts, timeOf } = await import('./season')

const draft = (start: number, end: number) => ({ weekday: 5, start, end, weeks: 'every' as const })

describe('weekly times', () => {
  it.each([
    [draft(18 * 60, 20 * 60), { weekday: 5, start: '18:00', end: '20:00', end_next_day: false }],
    [draft(22 * 60, 24 * 60), { weekday: 5, start: '22:00', end: '00:00', end_next_day: true }],
  ])('are told as the service takes them, and read back the same', (typed, told) => {
    expect(timeOf(typed)).toEqual(told)
    expect(draftOf({ ...told, weeks: 'every' })).toEqual(typed)
  })

  it('must last, and no longer than a day', () => {
    expect([draft(600, 600), draft(600, 540), draft(NaN, 600), draft(600, 660)].map(lasts)).toEqual([false, false, false, true])
  })
})
