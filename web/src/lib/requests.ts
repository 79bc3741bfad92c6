// Requests that wait for a decision, as facility's inbox has them. The dates of a series are one.
import { call } from './api'
import { timeOf, type Booked } from './booked'
import { oneByOne, type Outcome } from './one-by-one'
import { pages, type Listed } from './pages'

interface Said { message: string }
export interface Waiting {
  booking: Booked; former: Booked | null; due: string
  approvals: { unit_id: string | null; why: string; state: string; overdue: boolean }[]
  breaks: Said[]; warnings?: Said[]; may_confirm: boolean; may_reject: boolean
}
export type Verb = 'confirm' | 'reject'
/** `reason`: in one's own words, beside the code. */
export interface Why { reason_code: string; reason: string }
/** What is decided together. `key` stays the same when some of its dates are gone. */
export interface Asked { key: string; dates: Waiting[] }

/** The most that is read, and what facility gives at once. */
export const MOST = 400
const PAGE = 200

export function waitingAt(square: string): Promise<Listed<Waiting>> {
  return pages<Waiting>(`/api/facility/inbox?${new URLSearchParams({ square_id: square, limit: String(PAGE) })}`, 'requests', MOST)
}

/** In the order in which the first of each is due; the dates by time. */
export function together(requests: Waiting[]): Asked[] {
  const found = new Map<string, Waiting[]>()
  for (const one of requests) {
    const key = JSON.stringify([seriesOf(one), likeness(one)])
    found.set(key, [...(found.get(key) ?? []), one])
  }
  const times = new Map<string, number>()
  return [...found.values()].map((dates) => {
    const series = JSON.stringify(seriesOf(dates[0] as Waiting))
    const nth = (times.get(series) ?? 0) + 1
    times.set(series, nth)
    return { key: `${series} ${nth}`, dates: dates.sort((a, b) => a.booking.local_date.localeCompare(b.booking.local_date)) }
  })
}

/** What is masked says of no series: there it is enough that the rooms and times are the same. */
function seriesOf({ booking }: Waiting): unknown {
  const series = booking.masked ? 'masked' : booking.series_id
  return series ? [series, [...booking.space_ids].sort(), timeOf(booking)] : booking.id
}

/** What has to be the same for one decision to do for several dates: all that is shown, but for when. */
function likeness({ booking, former, approvals, breaks, warnings, may_confirm, may_reject }: Waiting): unknown {
  const { title, unit_id, organiser_kind, expected_people } = booking
  const from = former && [former.masked || former.title, former.space_ids, timeOf(former)]
  const parties = approvals.map((party) => [party.unit_id, party.why, party.state, party.overdue])
  return [title, unit_id, organiser_kind, expected_people, from, parties, breaks.map(said), (warnings ?? []).map(said), may_confirm, may_reject]
}

const said = ({ message }: Said) => message

/** One by one, with the same reason. */
export function decide(requests: Waiting[], verb: Verb, why: Why, told: (n: number) => void): Promise<Outcome<Waiting>> {
  const body = { reason_code: why.reason_code, ...(why.reason && { reason: why.reason }) }
  return oneByOne(requests, ({ booking }) => call('POST', `/api/facility/bookings/${booking.id}/${verb}`, body, booking.version), told)
}
