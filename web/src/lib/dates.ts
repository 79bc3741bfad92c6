// Dates of a series in words: what is the same of several of them is told once, with its dates.
import { weekday } from './time'

/** What is said of one date, at the clock times of the square's wall; nothing said is told too. */
export interface OfDate { date: string; time: string; said: string[] }
export interface OfDates { dates: string[]; time: string; said: string }

/** In the order in which each was first said. */
export function gathered(rows: OfDate[]): OfDates[] {
  const found = new Map<string, OfDates>()
  for (const { date, time, said } of rows) {
    for (const one of said.length ? said : ['']) {
      const key = `${time} ${one}`
      const known = found.get(key)
      if (!known) found.set(key, { dates: [date], time, said: one })
      else if (!known.dates.includes(date)) known.dates.push(date)
    }
  }
  return [...found.values()]
}

/** "4., 11., 18. mars, 1. apr.": each month once, and the years where a month comes twice. */
export function datesSaid(dates: string[], locale: string): string {
  const months = new Map<string, string[]>()
  for (const date of [...dates].sort()) months.set(date.slice(0, 7), [...(months.get(date.slice(0, 7)) ?? []), date])
  const twice = new Set([...months.keys()].map((month) => month.slice(5))).size < months.size
  const day = said(locale, { day: 'numeric' })
  const last = said(locale, { day: 'numeric', month: 'short', ...(twice ? { year: 'numeric' } : {}) })
  return [...months.values()].map((of) => of.map((date, n) => (n === of.length - 1 ? last : day)(date)).join(', ')).join(', ')
}

/** The day of the week that all of them share. */
export function weekdayOf(dates: string[], locale: string): string {
  const days = new Set(dates.map((date) => new Date(`${date}T12:00:00Z`).getUTCDay()))
  const [only] = days
  return days.size === 1 && only !== undefined ? weekday(only || 7, locale, 'short') : ''
}

function said(locale: string, options: Intl.DateTimeFormatOptions): (date: string) => string {
  const format = new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' })
  return (date) => format.format(new Date(`${date}T12:00:00Z`))
}
