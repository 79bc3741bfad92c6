// What a season says, as it is typed and as its service takes it.
import { ORGANISERS, type Season } from './season'
import { addDays, minutes, wallTime } from './time'

export interface Pause { name: string; first: string; last: string }

/** `closes` counts minutes of the deadline's day; without `some` every room that may be booked is in it. */
export interface SeasonDraft {
  name: string; first: string; last: string; deadline: string; closes: number
  squares: string[]; some: boolean; rooms: string[]
  holidays: boolean; pauses: Pause[]
  priority: string[]; free: boolean; least: number; most: number | null
  /** How long a decision can be complained about, and to whom; empty in both languages: to the squares themselves. */
  weeks: number; nb: string; en: string
}

const LAST_MINUTE = 23 * 60 + 59
/** As the service has it for who says nothing. */
const COMPLAINT_WEEKS = 3

export function freshSeason(square: string, today: string): SeasonDraft {
  return {
    name: '', first: addDays(today, 60), last: addDays(today, 200), deadline: addDays(today, 30), closes: LAST_MINUTE,
    squares: [square], some: false, rooms: [], holidays: true, pauses: [], priority: [...ORGANISERS], free: true, least: 75, most: null,
    weeks: COMPLAINT_WEEKS, nb: '', en: '',
  }
}

export function draftOfSeason(season: Season): SeasonDraft {
  const { name, priority, space_ids, square_ids, breaks, most_minutes_per_week: most } = season
  return {
    name, first: season.first_date, last: season.last_date,
    deadline: season.application_deadline.slice(0, 10), closes: minutes(season.application_deadline.slice(11, 16)),
    squares: [...square_ids], some: space_ids !== null, rooms: [...(space_ids ?? [])],
    holidays: season.holidays === 'skip', pauses: breaks.map((one) => ({ name: one.name, first: one.first_date, last: one.last_date })),
    priority: [...priority, ...ORGANISERS.filter((one) => !priority.includes(one))],
    free: season.free_before_paid, least: season.least_dates_percent, most: most === null ? null : most / 60,
    weeks: season.complaint_weeks, nb: season.complaint_to?.nb ?? '', en: season.complaint_to?.en ?? '',
  }
}

export type SeasonBody = ReturnType<typeof bodyOfSeason>
export type SeasonField = keyof SeasonBody

export function bodyOfSeason(draft: SeasonDraft) {
  const [nb, en] = [draft.nb.trim(), draft.en.trim()]
  return {
    square_ids: draft.squares, name: draft.name, first_date: draft.first, last_date: draft.last,
    application_deadline: wallTime(draft.deadline, draft.closes), space_ids: draft.some ? draft.rooms : null,
    priority: draft.priority, free_before_paid: draft.free, least_dates_percent: draft.least,
    most_minutes_per_week: draft.most ? Math.round(draft.most * 60) : null,
    holidays: draft.holidays ? ('skip' as const) : ('keep' as const),
    breaks: draft.pauses.map((one) => ({ name: one.name, first_date: one.first, last_date: one.last })),
    complaint_weeks: draft.weeks, complaint_to: nb && en ? { nb, en } : null,
  }
}

/** The whole season with what was typed in the fields that may be changed; the others go back just as they came. */
export function edited(season: Season, draft: SeasonDraft, fields: string[]) {
  const typed = bodyOfSeason(draft)
  return Object.fromEntries((Object.keys(typed) as SeasonField[]).map((field) => [field, fields.includes(field) ? typed[field] : season[field]]))
}

/** In which fields the two differ. */
export function differing(mine: SeasonBody, theirs: SeasonBody): SeasonField[] {
  return (Object.keys(mine) as SeasonField[]).filter((field) => JSON.stringify(mine[field]) !== JSON.stringify(theirs[field]))
}
