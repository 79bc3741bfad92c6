// What answers a refusal of a room's policy: who is responsible, what it is for, why the rules are to give way.
import type { Reason } from './types'

export interface Terms {
  responsible_role: string
  purpose: string
  /** The kind of exception, and why in words. */
  reason_code: string
  reason: string
  /** Which of them have been asked for: a field that has come up stays. */
  shown: Record<'role' | 'purpose' | 'reason', boolean>
}

export const newTerms = (): Terms => ({
  responsible_role: '', purpose: '', reason_code: '', reason: '', shown: { role: false, purpose: false, reason: false },
})

/** Whether a refusal asked for any of them. */
export const askedFor = (terms: Terms): boolean => Object.values(terms.shown).some(Boolean)

const LIMITS = new Set(['horizon', 'notice', 'min_length', 'max_length', 'start_grid', 'purpose_refused', 'quota_bookings', 'quota_minutes', 'noise'])
const ASKABLE = new Set(['must_request', 'touches_unit', 'noise'])

/** What the reasons of a refusal ask for; `yes`: somebody else's. */
export function wants(reasons: Reason[]): { role: boolean; purpose: boolean; reason: boolean; yes: boolean } {
  const any = (of: (rule: string) => boolean) => reasons.some((one) => of(one.rule))
  return {
    role: any((rule) => rule === 'responsible_role_needed'),
    purpose: any((rule) => rule === 'purpose_needed'),
    reason: any((rule) => LIMITS.has(rule)),
    yes: any((rule) => ASKABLE.has(rule)),
  }
}

/** As the services take them. Roles and purposes are written as they are called by the room's rules. */
export function answers(terms: Terms): object {
  const role = asCode(terms.responsible_role)
  const purpose = asCode(terms.purpose)
  const reason = terms.reason.trim()
  const exception = { ...(terms.reason_code && { reason_code: terms.reason_code }), ...(reason && { reason }) }
  return {
    ...(role && { responsible_role: role }), ...(purpose && { purpose }), ...(Object.keys(exception).length && { exception }),
  }
}

/** As a unit takes them; `request`: its date is a draft until somebody says yes. */
export const onTerms = (terms: Terms, request = false): object => ({ ...answers(terms), ...(request && { request }) })

/** As the rooms' rules write what was typed. */
export const asCode = (typed: string): string =>
  typed.trim().toLowerCase().replace(/æ/g, 'ae').replace(/ø/g, 'o').replace(/å/g, 'a').replace(/[\s-]+/g, '_')

/** Codes typed one after the other. */
export const asCodes = (typed: string): string[] => typed.split(',').map(asCode).filter(Boolean)
