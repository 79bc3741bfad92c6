// A season round as its service takes and gives it: applications for weekly times, a plan, and changes by hand.
import { call, get, uuid7 } from './api'
import { clock, DAY, minutes } from './time'

export const ORGANISERS = ['voluntary', 'municipal', 'business', 'resident'] as const
/** Of noise that is made, and of quiet that is needed. */
export const LEVELS = [0, 1, 2, 3, 4, 5] as const
export const WEEKS = ['every', 'odd', 'even'] as const
export type Weeks = (typeof WEEKS)[number]

export interface WeekTime { weekday: number; start: string; end: string; end_next_day: boolean; weeks: Weeks }
export interface Wish extends WeekTime {
  space_ids: string[]; square_ids: string[]; noise_out?: number | null; quiet_need?: number | null
  alternatives: Omit<WeekTime, 'weeks'>[]; features: string[]; setup_minutes: number; teardown_minutes: number
}
export interface Season {
  id: string; version: number; name: string; state: string; first_date: string; last_date: string
  application_deadline: string; priority: string[]; square_ids: string[]; space_ids: string[] | null; plan_run: number; rule: { text: string[] }
  free_before_paid: boolean; least_dates_percent: number; most_minutes_per_week: number | null; holidays: 'skip' | 'keep'
  breaks: { name: string; first_date: string; last_date: string }[]; complaint_weeks: number; complaint_to: { nb: string; en: string } | null
  may: { manage: boolean; edit: string[]; fixed: string | null }
}
export interface Application {
  id: string; version: number; state: string; title: string; organiser_id: string; organiser_kind: string
  people: number; paid: boolean; late: boolean; wishes: Wish[]
  unit_id: string | null; holidays: 'skip' | 'keep' | null; late_reason: string | null; late_counts: 'last' | 'as_in_time'
}
export interface Why { rule: string; message: string; space_ids: string[]; holders: { application_id: string; wish: number }[] }
export interface LeftOut { date: string; why: string }
export interface Row {
  application_id: string; wish: number; number: number; title: string; organiser_kind: string; wished: Wish
  given: { space_id: string; time: WeekTime; dates: string[]; by_hand: boolean; left_out: LeftOut[] } | null; reasons: Why[]
}
type Share = { wishes: number; granted: number; minutes: number }
export interface Plan { run: number; outdated: boolean; summary: Record<string, Share>; wishes: Row[] }
export interface Change {
  id: string; application_id: string; wish: number; action: 'place' | 'refuse'; space_id: string | null
  time: WeekTime | null; weeks: Weeks; reason: string; made_at: string; state: string
}
export interface Contested { application_id: string; wish: number; wanted_by: { application_id: string; wish: number; rule: string }[] }
interface Refused { date: string; promised: boolean; reasons: { message: string }[] }
export interface Allocation { application_id: string; wish: number; confirmed: number; refused: Refused[] }

/** Dates that were decided and could not be booked, by what stood in the way. */
export function refusedDates(one: Allocation): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const { date, reasons } of one.refused.filter((other) => other.promised)) {
    const why = reasons.map((reason) => reason.message).join(' ')
    found.set(why, [...(found.get(why) ?? []), date])
  }
  return found
}

/** A weekly time as it is typed: minutes from midnight. */
export interface WeekDraft { weekday: number; start: number; end: number; weeks: Weeks }

const path = (season: string) => `/api/facility/seasons/${season}`

export function draftOf(time: WeekTime): WeekDraft {
  return { weekday: time.weekday, start: minutes(time.start), end: minutes(time.end) + (time.end_next_day ? DAY : 0), weeks: time.weeks }
}

/** Without its weeks, as a change has it; a wish has them beside. An end past midnight is told as the next day's. */
export function timeOf(draft: WeekDraft): Omit<WeekTime, 'weeks'> {
  const past = draft.end >= DAY
  return { weekday: draft.weekday, start: clock(draft.start), end: clock(past ? draft.end - DAY : draft.end), end_next_day: past }
}

export const lasts = (draft: WeekDraft) => draft.end > draft.start && draft.end - draft.start <= DAY

/** Every wish of the newest plan, in the order of turns. */
export async function wholePlan(season: string): Promise<Plan> {
  let plan: (Plan & { next: number | null }) | undefined
  do {
    const page = await get<Plan & { next: number | null }>(`${path(season)}/plan?limit=200&after=${plan?.next ?? 0}`)
    plan = { ...page, wishes: [...(plan?.wishes ?? []), ...page.wishes] }
  } while (plan.next !== null)
  return plan
}

export async function contested(season: string): Promise<Contested[]> {
  return (await get<{ conflicts: Contested[] }>(`${path(season)}/plan/conflicts`)).conflicts
}

/** Those in force, by the wish they are about. */
export async function changesOf(season: string): Promise<Map<string, Change>> {
  const found = (await get<{ changes: Change[] }>(`${path(season)}/changes`)).changes
  return new Map(found.filter((one) => one.state === 'in_force').map((one) => [keyOf(one), one]))
}

export const keyOf = (one: { application_id: string; wish: number }) => `${one.application_id}/${one.wish}`

type Wanted = Pick<Change, 'application_id' | 'wish' | 'action' | 'space_id' | 'time' | 'weeks' | 'reason'>

/** Puts a wish in a place, or takes its place away; what sets it back to how it was. */
export async function change(season: string, wanted: Wanted, before: Change | undefined, because: string): Promise<() => Promise<void>> {
  const { application_id, wish, action, space_id, time, weeks, reason } = wanted
  const id = uuid7()
  await call('PUT', `${path(season)}/changes/${id}`, { application_id, wish, action, space_id, time: time && bare(time), weeks, reason })
  return async () => {
    if (before) await change(season, before, undefined, because)
    else await withdraw(season, id, because)
  }
}

const bare = ({ weekday, start, end, end_next_day }: Omit<WeekTime, 'weeks'>) => ({ weekday, start, end, end_next_day })

/** The wish goes by the rule again from the next plan on. */
export async function withdraw(season: string, change_id: string, reason: string): Promise<void> {
  await call('POST', `${path(season)}/changes/${change_id}/withdraw`, { reason })
}
