// Requests that wait for a decision, as facility's inbox has them. The dates of a series are one.
import { call } from './api'
import type { Booked } from './booked'
import { oneByOne, type Outcome } from './one-by-one'
import { pages, type Listed } from './pages'
import { bySeries, likeness, type Together } from './series'

interface Said { message: string }
export interface Waiting {
  booking: Booked; former: Booked | null; due: string
  approvals: { unit_id: string | null; why: string; state: string; overdue: boolean }[]
  breaks: Said[]; warnings?: Said[]; may_confirm: boolean; may_reject: boolean
}
export type Verb = 'confirm' | 'reject'
/** `reason`: in one's own words, beside the code. */
export interface Why { reason_code: string; reason: string }

/** The most that is read, and what facility gives at once. */
export const MOST = 400
const PAGE = 200

export function waitingAt(square: string): Promise<Listed<Waiting>> {
  return pages<Waiting>(`/api/facility/inbox?${new URLSearchParams({ square_id: square, limit: String(PAGE) })}`, 'requests', MOST)
}

/** What one decision does for. */
export function together(requests: Waiting[]): Together<Waiting>[] {
  return bySeries(requests, ({ booking }) => booking, ({ booking, former, approvals, breaks, warnings, may_confirm, may_reject }) => {
    const parties = approvals.map((party) => [party.unit_id, party.why, party.state, party.overdue])
    return [likeness(booking, former), parties, breaks.map(said), (warnings ?? []).map(said), may_confirm, may_reject]
  })
}

const said = ({ message }: Said) => message

/** One by one, with the same reason. */
export function decide(requests: Waiting[], verb: Verb, why: Why, told: (n: number) => void): Promise<Outcome<Waiting>> {
  const body = { reason_code: why.reason_code, ...(why.reason && { reason: why.reason }) }
  return oneByOne(requests, ({ booking }) => call('POST', `/api/facility/bookings/${booking.id}/${verb}`, body, booking.version), told)
}
