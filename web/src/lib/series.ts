// Dates of a series that can be dealt with together.
import { timeOf, type Booked } from './booked'
import { t } from './i18n.svelte'

/** `key` stays the same when some of its dates are gone. */
export interface Together<T> { key: string; dates: T[] }

/** Those of one series, in the same rooms and at the same time of day, of which what is said besides is `alike`. In the
    order in which the first of each came; the dates by time. What is of no series stands by itself. */
export function bySeries<T>(all: T[], bookingOf: (one: T) => Booked, alike: (one: T) => unknown): Together<T>[] {
  const found = new Map<string, { series: string; dates: T[] }>()
  for (const one of all) {
    const series = JSON.stringify(seriesOf(bookingOf(one)))
    const key = JSON.stringify([series, alike(one)])
    const known = found.get(key) ?? { series, dates: [] }
    found.set(key, { series, dates: [...known.dates, one] })
  }
  const times = new Map<string, number>()
  return [...found.values()].map(({ series, dates }) => {
    const nth = (times.get(series) ?? 0) + 1
    times.set(series, nth)
    return { key: `${series} ${nth}`, dates: dates.sort((a, b) => bookingOf(a).local_date.localeCompare(bookingOf(b).local_date)) }
  })
}

/** What is masked says of no series: there it is enough that the rooms and times are the same. */
function seriesOf(booking: Booked): unknown {
  const series = booking.masked ? 'masked' : booking.series_id
  return series ? [series, [...booking.space_ids].sort(), timeOf(booking)] : booking.id
}

/** What is said of a booking whose dates are told together, and of the one that it takes the place of. */
export function likeness({ title, unit_id, organiser_kind, expected_people }: Booked, former: Booked | null): unknown {
  return [title, unit_id, organiser_kind, expected_people, former && [former.masked || former.title, former.space_ids, timeOf(former), former.state]]
}

/** "1 dato", "30 datoer". */
export const countOf = (dates: number) => (dates === 1 ? t('oneDate') : t('datesCount', { n: dates }))
