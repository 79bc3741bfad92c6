// Sums and shapes of visitor figures for the screen. The figures themselves come from the aggregator and stay as they are.
import type { VisitorRow } from './types'

/** Mean per weekday (0 Monday) and hour over the dates that have any rows. */
export function heat(rows: VisitorRow[]): { hours: number[]; mean: (number | null)[][]; most: number } {
  const sums = Array.from({ length: 7 }, () => new Map<number, number>())
  const dates = Array.from({ length: 7 }, () => new Set<string>())
  let first = 24
  let last = 0
  for (const row of rows) {
    const date = row.period.slice(0, 10)
    const hour = Number(row.period.slice(11, 13))
    const weekday = (new Date(`${date}T12:00:00Z`).getUTCDay() + 6) % 7
    sums[weekday]?.set(hour, (sums[weekday]?.get(hour) ?? 0) + (row.door_visits ?? 0))
    dates[weekday]?.add(date)
    first = Math.min(first, hour)
    last = Math.max(last, hour)
  }
  const hours = last >= first ? Array.from({ length: last - first + 1 }, (_, i) => first + i) : []
  const mean = sums.map((sum, weekday) => {
    const days = dates[weekday]?.size ?? 0
    return hours.map((hour) => (days ? Math.round((sum.get(hour) ?? 0) / days) : null))
  })
  return { hours, mean, most: Math.max(1, ...mean.flat().map((value) => value ?? 0)) }
}

export function toCsv(rows: VisitorRow[], heads: string[]): (string | number | null)[][] {
  const body = rows.map((row) => [
    row.period, row.door_visits, row.staffed, row.self_service, row.quality, row.imputed_share, row.revision,
    row.unbalanced ? 1 : 0, row.participations, row.off_site_participations, row.contacts,
  ])
  return [heads, ...body]
}
