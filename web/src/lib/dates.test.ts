import { describe, expect, it } from 'vitest'
import { datesSaid, gathered, weekdayOf } from './dates'

const MARCH = ['2027-03-04', '2027-03-11', '2027-03-18']

describe('dates of a series', () => {
  it('tell once what is said of several, with the dates of each', () => {
    const loud = 'Lyden blir litt for høy.'
    const rows = [
      ...MARCH.map((date) => ({ date, time: '10:00–11:00', said: [loud] })),
      { date: '2027-03-25', time: '10:00–11:00', said: ['Rommet er stengt.', loud, loud] },
      { date: '2027-04-01', time: '11:00–12:00', said: [loud] },
      { date: '2027-04-08', time: '11:00–12:00', said: [] },
    ]
    expect(gathered(rows)).toEqual([
      { dates: [...MARCH, '2027-03-25'], time: '10:00–11:00', said: loud },
      { dates: ['2027-03-25'], time: '10:00–11:00', said: 'Rommet er stengt.' },
      { dates: ['2027-04-01'], time: '11:00–12:00', said: loud },
      { dates: ['2027-04-08'], time: '11:00–12:00', said: '' },
    ])
  })

  it('name each month once, and the years where a month comes twice', () => {
    expect(datesSaid(MARCH, 'nb-NO')).toBe('4., 11., 18. mars')
    expect(datesSaid(['2027-04-01', ...MARCH], 'en-GB')).toBe('4, 11, 18 Mar, 1 Apr')
    expect(datesSaid(['2026-12-17', '2027-01-07'], 'nb-NO')).toBe('17. des., 7. jan.')
    expect(datesSaid(['2026-12-10', '2026-12-17', '2027-12-02'], 'nb-NO')).toBe('10., 17. des. 2026, 2. des. 2027')
  })

  it('have the weekday that all of them share', () => {
    expect(weekdayOf(MARCH, 'nb-NO')).toBe('tor.')
    expect(weekdayOf(['2027-03-07'], 'en-GB')).toBe('Sun')
    expect(weekdayOf([...MARCH, '2027-03-19'], 'nb-NO')).toBe('')
  })
})
