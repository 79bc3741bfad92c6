// Opening hours as facility keeps them: periods with groups of spans, some replacing a date, some following a rule.
import { call, get } from './api'
import type { OpenState } from './types'

export interface Span {
  start?: string | null
  end?: string | null
  end_next_day: boolean
  full_day: boolean
  weekdays: number[] | null
  state: OpenState
}

export interface Rule {
  kind: string
  n?: number | null
  step?: number | null
  anchor?: string | null
}

export interface Period {
  name: string | null
  start_date: string | null
  end_date: string | null
  override: boolean
  groups: { spans: Span[]; rules: Rule[] }[]
}

export type Days = Record<string, [string, string, OpenState][]>

export interface OwnHours {
  periods: Period[] | null
  version: number
  inherited_from: string | null
  always_open: boolean
}

export const RULES = ['even_weeks', 'odd_weeks', 'every_nth_week', 'nth_weekday_of_month', 'nth_week_of_year', 'nth_day_of_month'] as const
/** Rules that count, and so need a number. */
export const COUNTED = new Set(['every_nth_week', 'nth_weekday_of_month', 'nth_week_of_year', 'nth_day_of_month'])

export function newSpan(): Span {
  return { start: '08:00', end: '16:00', end_next_day: false, full_day: false, weekdays: [1, 2, 3, 4, 5], state: 'staffed' }
}

export function newPeriod(name: string): Period {
  return { name, start_date: null, end_date: null, override: false, groups: [{ spans: [newSpan()], rules: [] }] }
}

const path = (kind: 'spaces' | 'units', id: string) => `/api/facility/${kind}/${id}/hours`

export function load(kind: 'spaces' | 'units', id: string): Promise<OwnHours> {
  return get<OwnHours>(path(kind, id))
}

/** What the periods mean on each date, both inside, and what an editor should be warned of. Saves nothing. */
export async function preview(periods: Period[], from: string, to: string): Promise<{ days: Days; warnings: { message: string }[] }> {
  return (await call<{ days: Days; warnings: { message: string }[] }>('POST', '/api/facility/hours/preview', { periods, from, to })).body
}

export async function save(kind: 'spaces' | 'units', id: string, periods: Period[], version: number): Promise<OwnHours> {
  return (await call<OwnHours>('PUT', path(kind, id), { periods }, version || null)).body
}

/** Back to none of its own: what the space above has, or always open. */
export async function drop(kind: 'spaces' | 'units', id: string, version: number): Promise<void> {
  await call('DELETE', path(kind, id), undefined, version)
}

export async function withSpecialDays(square_id: string, periods: Period[], first: string, last: string, on: string): Promise<{ periods: Period[]; added: { date: string; name: string }[] }> {
  const body = { square_id, periods, first, last, on_public_holidays: on }
  return (await call<{ periods: Period[]; added: { date: string; name: string }[] }>('POST', '/api/facility/hours/with-special-days', body)).body
}
