// A room's rules as they are typed: who books and who asks, and which other units have a say. Pure; whatever a policy
// says goes back with it.
import { ORGANISERS } from './room'

export const LIMITS = ['horizon_days', 'notice_minutes', 'min_minutes', 'max_minutes', 'grid_minutes', 'release_unused_after_minutes'] as const
/** What each may be at least and at most. */
export const RANGES: Record<(typeof LIMITS)[number], [number, number]> = {
  horizon_days: [0, 1100], notice_minutes: [0, 86_400], min_minutes: [1, 86_400], max_minutes: [1, 86_400], grid_minutes: [1, 1440], release_unused_after_minutes: [1, 1440],
}
export const WHYS = ['noise', 'setup_help', 'other'] as const
/** Who may book at all, and so can be named in a rule. */
export const BOOKERS = ['front_line', 'unit_editor', 'house_manager', 'multi_square_manager', 'admin'] as const

export type Way = 'book' | 'request'
export interface Access { may: Way; roles: string[]; owner: boolean | null; organiser_kinds: string[] }
export interface Quota { bookings_per_week: number | null; minutes_per_week: number | null }
export interface StandIn { role: string | null; unit_id: string | null }
export interface Touch { unit_id: string; why: string }
export type Policy = Record<string, unknown> & {
  access: Access[]; otherwise: Way; quota: Quota | null; stand_in: StandIn | null; touches: Touch[]
  refused_purposes: string[]; responsible_roles: string[] | null; exception_roles: string[]; decide_within_hours: number
}

/** As facility reads one that says nothing. */
export function newPolicy(): Policy {
  const limits = Object.fromEntries(LIMITS.map((one) => [one, null]))
  return {
    ...limits, access: [], otherwise: 'book', quota: null, stand_in: null, touches: [], refused_purposes: [], responsible_roles: null,
    exception_roles: ['house_manager', 'multi_square_manager', 'admin'], decide_within_hours: 48,
  }
}

export const newRule = (): Access => ({ may: 'request', roles: [], owner: null, organiser_kinds: [] })

/** Who has to ask, where that is all that the rules say. */
export interface Simple { ownerBooks: boolean; mustAsk: string[] }
type Rules = Pick<Policy, 'access' | 'otherwise'>

export function ofSimple({ ownerBooks, mustAsk }: Simple): Rules {
  const all = ORGANISERS.every((one) => mustAsk.includes(one))
  return {
    access: [
      ...(ownerBooks ? [{ may: 'book' as const, roles: [], owner: true, organiser_kinds: [] }] : []),
      ...(mustAsk.length && !all ? [{ may: 'request' as const, roles: [], owner: null, organiser_kinds: [...mustAsk] }] : []),
    ],
    otherwise: all ? 'request' : 'book',
  }
}

/** Null where the rules say more than that: then they are shown one by one, and none is lost. */
export function simpleOf({ access, otherwise }: Rules): Simple | null {
  const found = {
    ownerBooks: access.some((one) => one.owner === true && one.may === 'book'),
    mustAsk: otherwise === 'request' ? [...ORGANISERS] : access.filter((one) => one.may === 'request').flatMap((one) => one.organiser_kinds),
  }
  return JSON.stringify(ofSimple(found)) === JSON.stringify({ access: access.map(ordered), otherwise }) ? found : null
}

const ordered = ({ may, roles, owner, organiser_kinds }: Access): Access => ({ may, roles, owner, organiser_kinds })

/** As it is put: what was left empty is not limited. */
export function bodyOf(policy: Policy): Policy {
  const { quota, stand_in } = policy
  return {
    ...policy,
    ...Object.fromEntries(LIMITS.map((one) => [one, policy[one] ?? null])),
    quota: quota && (quota.bookings_per_week || quota.minutes_per_week) ? { bookings_per_week: quota.bookings_per_week || null, minutes_per_week: quota.minutes_per_week || null } : null,
    stand_in: stand_in && (stand_in.role || stand_in.unit_id) ? { role: stand_in.role || null, unit_id: stand_in.unit_id || null } : null,
  }
}
