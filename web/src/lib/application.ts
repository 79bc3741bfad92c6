// An application for weekly times, as it is typed and as its service takes it. What the form does not show goes back as
// it came.
import { call, get } from './api'
import { draftOf, lasts, timeOf, type Application, type Season, type WeekDraft, type WeekTime } from './season'

export type Time = Omit<WeekTime, 'weeks'>
/** `first` is the room wished for most, or the square in which any will do; empty: any at all. */
export interface WishDraft {
  time: WeekDraft; others: WeekDraft[]; first: string; then: string[]; squares: string[]
  features: string[]; setup: number; teardown: number; noise: number | null; quiet: number | null
}
export interface ApplicationDraft {
  title: string; who: string; organiser: string; people: number; paid: boolean; unit: string | null; holidays: 'skip' | 'keep' | null
  late: string; counts: 'last' | 'as_in_time'; wishes: WishDraft[]
}

export function newWish(): WishDraft {
  return { time: { weekday: 1, start: 1080, end: 1200, weeks: 'every' }, others: [], first: '', then: [], squares: [], features: [], setup: 0, teardown: 0, noise: null, quiet: null }
}

export function freshApplication(): ApplicationDraft {
  return { title: '', who: '', organiser: 'voluntary', people: 15, paid: false, unit: null, holidays: null, late: '', counts: 'last', wishes: [newWish()] }
}

export function draftOfApplication(one: Application): ApplicationDraft {
  return {
    title: one.title, who: one.organiser_id, organiser: one.organiser_kind, people: one.people, paid: one.paid, unit: one.unit_id, holidays: one.holidays,
    late: one.late_reason ?? '', counts: one.late_counts,
    wishes: one.wishes.map((wish) => {
      const [room = '', ...then] = wish.space_ids
      return {
        time: draftOf(wish), others: wish.alternatives.map((time) => draftOf({ ...time, weeks: wish.weeks })), first: room || (wish.square_ids.length === 1 ? (wish.square_ids[0] ?? '') : ''), then,
        squares: wish.square_ids, features: wish.features, setup: wish.setup_minutes, teardown: wish.teardown_minutes, noise: wish.noise_out ?? null, quiet: wish.quiet_need ?? null,
      }
    }),
  }
}

/** `late`: after the deadline, when a reason is told. */
export function bodyOfApplication(draft: ApplicationDraft, season: Pick<Season, 'square_ids'>, organiser_id: string, late: boolean) {
  return {
    organiser_id, organiser_kind: draft.organiser, title: draft.title, people: draft.people, paid: draft.paid, unit_id: draft.unit, holidays: draft.holidays,
    wishes: draft.wishes.map((wish) => {
      const somewhere = season.square_ids.includes(wish.first)
      const rooms = somewhere || !wish.first ? [] : [...new Set([wish.first, ...wish.then].filter(Boolean))]
      return {
        ...timeOf(wish.time), weeks: wish.time.weeks, alternatives: wish.others.map(timeOf), space_ids: rooms, square_ids: somewhere ? [wish.first] : wish.squares.length > 1 ? wish.squares : [],
        features: wish.features, setup_minutes: wish.setup, teardown_minutes: wish.teardown, noise_out: wish.noise, quiet_need: wish.quiet,
      }
    }),
    ...(late ? { late_reason: draft.late, late_counts: draft.counts } : {}),
  }
}

export const isWhole = (draft: ApplicationDraft): boolean => draft.wishes.every((wish) => [wish.time, ...wish.others].every(lasts))

const path = (season: string) => `/api/facility/seasons/${season}/applications`

/** All that are registered, page by page, by title. */
export async function allApplications(season: string): Promise<Application[]> {
  const found: Application[] = []
  for (let after: string | null = ''; after !== null; ) {
    const page: { applications: Application[]; next: string | null } = await get(`${path(season)}${after && `?after=${after}`}`)
    found.push(...page.applications)
    after = page.next
  }
  return found.filter((one) => one.state === 'registered').sort((a, b) => a.title.localeCompare(b.title, 'nb', { numeric: true }))
}

export async function keepApplication(season: string, id: string, body: object, version?: number): Promise<void> {
  await call('PUT', `${path(season)}/${id}`, body, version)
}

/** Out of the next plan; what brings it back as it was. */
export async function withdrawApplication(season: Pick<Season, 'id' | 'square_ids'>, one: Application, reason: string): Promise<() => Promise<void>> {
  const gone = (await call<Application>('POST', `${path(season.id)}/${one.id}/withdraw`, { reason }, one.version)).body
  const draft = draftOfApplication(one)
  return () => keepApplication(season.id, one.id, bodyOfApplication(draft, season, one.organiser_id, one.late), gone.version)
}
