import { describe, expect, it } from 'vitest'
import { addDays, clock, daysBetween, endClock, isoWeek, lastDay, minutes, readClock, snap, wall, wallTime } from './time'

describe('time', () => {
  it('adds days over both changes of the clock by the calendar', () => {
    expect(addDays('2026-10-25', 1)).toBe('2026-10-26')
    expect(addDays('2027-03-27', 1)).toBe('2027-03-28')
    expect(addDays('2027-03-28', -1)).toBe('2027-03-27')
  })
  it('reads the clock on the square’s wall, whatever the viewer’s zone', () => {
    expect(wall(new Date('2026-10-25T00:30:00Z'), 'Europe/Oslo')).toEqual({ date: '2026-10-25', minute: 150, clock: '02:30' })
    expect(wall(new Date('2026-10-25T01:30:00Z'), 'Europe/Oslo').clock).toBe('02:30')
    expect(wall(new Date('2027-03-28T01:00:00Z'), 'Europe/Oslo').clock).toBe('03:00')
  })
  it('numbers weeks by the ISO week-year', () => {
    expect(isoWeek('2026-12-31')).toEqual({ year: 2026, week: 53 })
    expect(isoWeek('2027-01-03')).toEqual({ year: 2026, week: 53 })
    expect(isoWeek('2027-01-04')).toEqual({ year: 2027, week: 1 })
  })
  it('writes minutes as clock times and back', () => {
    expect(clock(minutes('09:05'))).toBe('09:05')
    expect(clock(1440)).toBe('24:00')
    expect(wallTime('2026-12-31', 1440)).toBe('2027-01-01T00:00')
    expect(snap(607)).toBe(600)
    expect(snap(608)).toBe(615)
  })
  it('reads a time of day as people write it', () => {
    expect(['9', '930', '9.30', '09:30', '9 30', '24:00'].map(readClock)).toEqual([540, 570, 570, 570, 570, 1440])
  })
  it('reads no time of day where there is none', () => {
    expect(['', '25', '9:60', '24:15', 'ni', '12:3'].map(readClock)).toEqual([null, null, null, null, null, null])
  })
})

describe('what reaches over midnight', () => {
  it('is written on as late a day as it reaches', () => {
    expect(wallTime('2026-12-31', 26 * 60)).toBe('2027-01-01T02:00')
    expect(wallTime('2026-12-30', 50 * 60)).toBe('2027-01-01T02:00')
  })
  it('ends at 24:00 of its last day or at the clock of a later one', () => {
    expect([600, 1440, 1441, 2880].map((minute) => [endClock(minute), lastDay(minute)])).toEqual([['10:00', 0], ['24:00', 0], ['00:01', 1], ['24:00', 1]])
    expect(daysBetween('2026-10-24', '2026-10-26')).toBe(2)
  })
})
