// Dates and times of the square. The viewer's own zone never matters: dates are text, minutes count from midnight.

export const DAY = 24 * 60

/** "10:30" as minutes from midnight; "24:00" is the end of the day. */
export function minutes(clock: string): number {
  const [hours = '0', rest = '0'] = clock.split(':')
  return Number(hours) * 60 + Number(rest)
}

export function clock(minute: number): string {
  const at = Math.max(0, Math.min(DAY, Math.round(minute)))
  return `${String(Math.floor(at / 60)).padStart(2, '0')}:${String(at % 60).padStart(2, '0')}`
}

/** What a person writes for a time of day ("9", "930", "9.30", "09:30", "24:00") as minutes; null when it is none. */
export function readClock(text: string): number | null {
  const found = /^\s*(\d{1,2})(?:[:.\s]?([0-5]\d))?\s*$/.exec(text)
  if (!found) return null
  const minute = Number(found[1]) * 60 + Number(found[2] ?? 0)
  return minute <= DAY ? minute : null
}

export function snap(minute: number, step = 15): number {
  return Math.round(minute / step) * step
}

/** The date some days on, by the calendar and not by hours: a day may have 23 or 25. */
export function addDays(date: string, days: number): string {
  const at = new Date(`${date}T12:00:00Z`)
  at.setUTCDate(at.getUTCDate() + days)
  return at.toISOString().slice(0, 10)
}

/** What the clock on the square's wall shows at an instant. */
export function wall(instant: Date, zone: string): { date: string; minute: number; clock: string } {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
  }).formatToParts(instant)
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? '00'
  const minute = Number(of('hour')) * 60 + Number(of('minute'))
  return { date: `${of('year')}-${of('month')}-${of('day')}`, minute, clock: clock(minute) }
}

/** An instant as one says it today: the clock alone, with the date when it was another day's. */
export function said(instant: string, now: Date, zone: string, locale: string): string {
  const local = wall(new Date(instant), zone)
  return local.date === wall(now, zone).date ? local.clock : `${shortDate(local.date, locale)} ${local.clock}`
}

/** The local date and time as facility takes them: a wall clock without offset, on as late a day as the minutes reach. */
export function wallTime(date: string, minute: number): string {
  const days = Math.floor(minute / DAY)
  return `${days ? addDays(date, days) : date}T${clock(minute - days * DAY)}`
}

/** How many days the second date lies after the first. */
export function daysBetween(first: string, second: string): number {
  return Math.round((Date.parse(`${second}T12:00:00Z`) - Date.parse(`${first}T12:00:00Z`)) / 86_400_000)
}

/** The clock at the end of something that began on a date and may reach into another; its last midnight is 24:00. */
export const endClock = (minute: number): string => clock(minute - lastDay(minute) * DAY)

/** On which day after its first something ends. */
export const lastDay = (minute: number): number => Math.max(0, Math.ceil(minute / DAY) - 1)

export function longDate(date: string, locale: string): string {
  const options = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' } as const
  return new Intl.DateTimeFormat(locale, options).format(new Date(`${date}T12:00:00Z`))
}

export function shortDate(date: string, locale: string): string {
  const options = { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' } as const
  return new Intl.DateTimeFormat(locale, options).format(new Date(`${date}T12:00:00Z`))
}

/** The ISO week: 1 to 53, of its own week-year. */
export function isoWeek(date: string): { year: number; week: number } {
  const at = new Date(`${date}T12:00:00Z`)
  const weekday = (at.getUTCDay() + 6) % 7
  at.setUTCDate(at.getUTCDate() - weekday + 3)
  const firstThursday = new Date(Date.UTC(at.getUTCFullYear(), 0, 4))
  firstThursday.setUTCDate(4 - ((firstThursday.getUTCDay() + 6) % 7) + 3)
  const week = 1 + Math.round((at.getTime() - 12 * 3600e3 - firstThursday.getTime()) / (7 * 24 * 3600e3))
  return { year: at.getUTCFullYear(), week }
}

export function range(start: string, end: string | null): string {
  return `${start}–${end ?? '…'}`
}

/** The name of a weekday, Monday being 1. */
export function weekday(n: number, locale: string, how: 'long' | 'short' = 'long'): string {
  return new Intl.DateTimeFormat(locale, { weekday: how, timeZone: 'UTC' }).format(new Date(Date.UTC(2024, 0, n)))
}
