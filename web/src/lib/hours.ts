// Opening hours as facility keeps them: periods with groups of spans, some replacing a date, some following a rule.
import { call, get } from './api'
import { clock, DAY, readClock } from './time'
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

/** Whether nothing of it is ahead. */
export const isOver = (period: Period, today: string): boolean => period.end_date !== null && period.end_date < today

/** What was typed for a time of day, as facility takes it: an end at midnight is the next day's first minute. */
export function putTime(span: Span, side: 'start' | 'end', typed: string): void {
  const minute = readClock(typed)
  if (minute === null) span[side] = typed
  else if (side === 'end' && minute === DAY) Object.assign(span, { end: '00:00', end_next_day: true })
  else span[side] = clock(minute % DAY)
}

const isClock = (text: string | null | undefined) => /^([01]\d|2[0-3]):[0-5]\d$/.test(text ?? '')

/** Whether every time is written whole, so that what they mean can be asked. */
export const isWhole = (periods: Period[]): boolean =>
  periods.every((period) => period.groups.every((group) => group.spans.every((span) => span.full_day || (isClock(span.start) && isClock(span.end)))))

/** Whether a time that is written whole ends before it starts. */
export const endsEarly = (span: Span): boolean =>
  !span.full_day && !span.end_next_day && isClock(span.start) && isClock(span.end) && (span.end ?? '') <= (span.start ?? '')

/** As they are put: what was left empty says nothing, and a rule that does not count has no number. */
export function bodyOf(periods: Period[]): Period[] {
  return periods.map((period) => ({
    ...period,
    name: period.name || null,
    groups: period.groups.map((group) => ({
      ...group,
      spans: group.spans.map((span) => ({ ...span, start: span.start || null, end: span.end || null })),
      rules: group.rules.map((rule) => (COUNTED.has(rule.kind) ? { ...rule, anchor: rule.anchor || null, step: rule.step || null } : { kind: rule.kind })),
    })),
  }))
}

/** What is wrong with what lies at this place, itself and all within it. */
export function faultsAt(errors: { loc: (string | number)[]; message: string }[], place: (string | number)[]): string[] {
  return [...new Set(errors.filter((one) => place.every((step, at) => one.loc[at] === step)).map((one) => one.message))]
}

const path = (kind: 'spaces' | 'units', id: string) => `/api/facility/${kind}/${id}/hours`

export function load(kind: 'spaces' | 'units', id: string): Promise<OwnHours> {
  return get<OwnHours>(path(kind, id))
}

/** What the periods mean on each date, both inside, and what an editor should be warned of. Saves nothing. */
export async function preview(periods: Period[], from: string, to: string): Promise<{ days: Days; warnings: { message: string }[] }> {
  return (await call<{ days: Days; warnings: { message: string }[] }>('POST', '/api/facility/hours/preview', { periods: bodyOf(periods), from, to })).body
}

/** What holds now, whoever's hours they are. */
export async function effective(kind: 'spaces' | 'units', id: string, from: string, to: string): Promise<Days> {
  return (await get<{ days: Days }>(`${path(kind, id)}?from=${from}&to=${to}`)).days
}

export async function save(kind: 'spaces' | 'units', id: string, periods: Period[], version: number): Promise<OwnHours> {
  return (await call<OwnHours>('PUT', path(kind, id), { periods: bodyOf(periods) }, version)).body
}

/** Back to none of its own: what the space above has, or always open. */
export async function drop(kind: 'spaces' | 'units', id: string, version: number): Promise<OwnHours> {
  return (await call<OwnHours>('DELETE', path(kind, id), undefined, version)).body
}

export async function withSpecialDays(square_id: string, periods: Period[], first: string, last: string, on: string): Promise<{ periods: Period[]; added: { date: string; name: string }[] }> {
  const body = { square_id, periods: bodyOf(periods), first, last, on_public_holidays: on }
  return (await call<{ periods: Period[]; added: { date: string; name: string }[] }>('POST', '/api/facility/hours/with-special-days', body)).body
}
