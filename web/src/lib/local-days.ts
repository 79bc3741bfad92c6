// A square's own rules about days, and the special days that follow from them and the public holidays.
import { call, get, uuid7 } from './api'

export const KINDS = ['closed', 'short', 'school_free'] as const
export const WAYS = ['yearly', 'easter', 'dates'] as const

export interface Rule {
  id: string; version: number; square_id: string; kind: (typeof KINDS)[number]; name_nb: string; name_en: string | null
  closes_at: string | null; yearly: string | null; easter_offset: number | null; first_date: string | null; last_date: string | null
}
export interface SpecialDay { date: string; kind: string; name: string; closes_at: string | null; rule_id: string | null }

/** As it is typed: one of three ways to say which days. */
export interface RuleDraft {
  kind: Rule['kind']; nb: string; en: string; closes: string; way: (typeof WAYS)[number]
  day: number; month: number; easter: number; first: string; last: string
}

export function freshRule(today: string): RuleDraft {
  return { kind: 'short', nb: '', en: '', closes: '12:00', way: 'yearly', day: 24, month: 12, easter: -4, first: today, last: today }
}

export function draftOfRule(rule: Rule, today: string): RuleDraft {
  const [month = 12, day = 24] = rule.yearly?.split('-').map(Number) ?? []
  return {
    kind: rule.kind, nb: rule.name_nb, en: rule.name_en ?? '', closes: rule.closes_at ?? '12:00',
    way: rule.yearly ? 'yearly' : rule.easter_offset !== null ? 'easter' : 'dates',
    day, month, easter: rule.easter_offset ?? -4, first: rule.first_date ?? today, last: rule.last_date ?? today,
  }
}

export function bodyOfRule(draft: RuleDraft, square_id: string): Omit<Rule, 'id' | 'version'> {
  const two = (n: number) => String(n).padStart(2, '0')
  return {
    square_id, kind: draft.kind, name_nb: draft.nb, name_en: draft.en || null, closes_at: draft.kind === 'short' ? draft.closes : null,
    yearly: draft.way === 'yearly' ? `${two(draft.month)}-${two(draft.day)}` : null,
    easter_offset: draft.way === 'easter' ? draft.easter : null,
    first_date: draft.way === 'dates' ? draft.first : null, last_date: draft.way === 'dates' ? draft.last : null,
  }
}

const path = (id: string) => `/api/facility/local-rules/${id}`

export const rulesOfSquare = async (square: string): Promise<Rule[]> =>
  (await get<{ rules: Rule[] }>(`/api/facility/squares/${square}/local-rules`)).rules

export const specialDays = async (square: string, from: string, to: string): Promise<SpecialDay[]> =>
  (await get<{ days: SpecialDay[] }>(`/api/facility/squares/${square}/days?from=${from}&to=${to}`)).days

/** Adds it under this id, or changes the version that was seen; what undoes it. */
export async function keepRule(id: string, body: Omit<Rule, 'id' | 'version'>, before: Rule | null, version?: number): Promise<() => Promise<void>> {
  const saved = (await call<Rule>('PUT', path(id), body, version ?? before?.version)).body
  return async () => {
    if (before) await call('PUT', path(id), bare(before), saved.version)
    else await call('DELETE', path(id), undefined, saved.version)
  }
}

export async function withdrawRule(rule: Rule): Promise<() => Promise<void>> {
  await call('DELETE', path(rule.id), undefined, rule.version)
  return async () => void (await call('PUT', path(uuid7()), bare(rule)))
}

const bare = ({ id: _, version: __, ...body }: Rule) => body
