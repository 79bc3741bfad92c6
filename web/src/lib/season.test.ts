import { describe, expect, it, vi } from 'vitest'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
vi.stubGlobal('document', { documentElement: {} })
const { draftOf, lasts, refusedDates, timeOf } = await import('./season')

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

describe('dates that could not be booked', () => {
  it('stand together by what was in the way, without those that were never promised', () => {
    const date = (day: string, message: string, promised = true) => ({ date: day, promised, reasons: [{ message }] })
    const refused = [date('2027-09-06', 'opptatt', false), date('2027-09-13', 'opptatt'), date('2027-09-20', 'lyd'), date('2027-09-27', 'opptatt')]
    expect([...refusedDates({ application_id: 'a', wish: 1, confirmed: 7, refused })]).toEqual([
      ['opptatt', ['2027-09-13', '2027-09-27']],
      ['lyd', ['2027-09-20']],
    ])
  })
})
