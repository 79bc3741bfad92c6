// What the services answer with, as far as the app reads it.
import type { Brought } from './equipment'

/** Which there are is the house's to say. */
export type UnitKind = string
export type OpenState = 'staffed' | 'self_service' | 'closed'

export interface Source {
  source: string
  /** The units of the square whose service it is. */
  units?: string[]
  complete_until: string | null
  silent: boolean
  silent_since?: string | null
}

export interface SquareInfo {
  id: string
  name: string
  time_zone: string
  status: string
}

export interface Session {
  signed_in: boolean
  demo: boolean
  version: string
  user?: { name: string; roles: [string, string][] }
  squares?: SquareInfo[]
  squares_known?: boolean
  /** Where the test clock stands; null in real time. */
  clock?: string | null
  unit_kinds?: Record<string, { nb: string; en: string }>
  accounts?: { username: string; role_nb: string; role_en: string }[]
}

export interface Unit {
  unit_id: string
  kind: UnitKind
  name: string
}

export interface Space {
  space_id: string
  parent_id: string | null
  unit_id: string | null
  name: string
  floor: string | null
  capacity: number | null
  features: string[]
  bookable: boolean
}

export interface Slot {
  space_ids: string[]
  starts_at: string
  ends_at: string
}

export interface MoveRequest extends Slot {
  state: 'pending' | 'refused'
  /** The request itself, of a unit's date. */
  booking_id?: string
  reason_code?: string | null
}

/** Of a booking that belongs to no date: the request itself. `reason`: what was written beside the code. */
export interface AskedMove extends MoveRequest {
  id: string
  version: number
  reason?: string | null
}

export interface Item {
  kind: 'occurrence' | 'booking' | 'closure' | 'busy' | 'shift' | 'meal' | 'presence'
  id: string
  /** What is only taken time has none. */
  version?: number
  unit_id: string | null
  title: string | null
  title_en?: string | null
  state: string
  space_ids: string[]
  starts_at: string
  ends_at: string | null
  local_date: string
  local_start: string
  local_end: string | null
  setup_minutes: number
  teardown_minutes: number
  booking_id?: string | null
  booking_version?: number | null
  series_id?: string | null
  expected_people?: number | null
  /** As far as it was asked for. */
  equipment?: Brought[]
  capacity?: number | null
  attendance?: { total: number | ':'; by_band: Record<string, number | ':'>; revision: number } | null
  masked: boolean
  previous?: Slot | null
  /** Where it is to be instead, as long as somebody decides about it, and until a refusal has been seen. */
  move_request?: MoveRequest | null
  reason_code?: string | null
  whole_square?: boolean
  cohosts?: string[]
  /** Of a shift. */
  role?: string
  needed?: number
  confirmed?: number
  /** Of a meal. */
  serving?: 'dinner' | 'cafe'
  portions_planned?: number
  portions_served?: number | null
  price_nok?: number
}

export interface Day {
  date: string
  items: Item[]
  openings: Record<string, [string, string, OpenState][]>
}

export interface DayAnswer {
  square: { square_id: string; name: string; time_zone: string }
  date: string
  now_local: string
  resources: { units: Unit[]; spaces: Space[] }
  days: Day[]
  sources: Source[]
}

interface LocalTimes {
  local_date: string
  local_start: string
  local_end: string
}

/** A unit of the view of who is in the house on a date. */
export interface PresentUnit extends Unit {
  openings: [string, string, OpenState][]
  /** Null on any other date than today. */
  state_now: OpenState | null
  closures: { id: string; reason_code: string }[]
  presence: (LocalTimes & { id: string; state: string })[]
  shifts: (LocalTimes & { id: string; role: string; state: string; needed: number; confirmed: number; missing: number })[]
  meals: (LocalTimes & { id: string; kind: 'dinner' | 'cafe'; menu_nb: string; menu_en: string | null; state: string; portions_planned: number })[]
  elsewhere: (LocalTimes & { square_id: string; name: string })[]
}

export interface PresenceAnswer {
  date: string
  units: PresentUnit[]
  sources: Source[]
}

export interface VisitorRow {
  period: string
  door_visits: number | null
  staffed: number
  self_service: number
  quality: 'observed' | 'imputed' | 'incomplete' | 'closed'
  imputed_share: number
  unbalanced: boolean
  revision: number
  cause: string | null
  unit_visits: Record<string, number>
  units_per_visit: number | null
  units_per_visit_flag: boolean
  /** Beside the doors; ":" is a number too small to show. */
  participations: number | ':' | null
  off_site_participations: number | ':' | null
  contacts: number | ':' | null
}

export interface VisitorsAnswer {
  rows: VisitorRow[]
  as_of: string
  sources: Source[]
}

export interface Reason {
  rule: string
  message: string
  blocking_id?: string
  local_date?: string
  local_start?: string
  local_end?: string
  title?: string | null
  unit_id?: string | null
}

export interface Alternative {
  kind: string
  /** Of a request, somebody else has to say yes first. */
  way?: 'book' | 'request'
  space_ids: string[]
  name: string
  setup_minutes: number
  teardown_minutes: number
  equipment?: Brought[]
  why: string[]
  starts_at: string
  ends_at: string
  local_date: string
  local_start: string
  local_end: string
}

export interface ProblemBody {
  status: number
  code: string
  detail: string
  reasons?: Reason[]
  request_possible?: boolean
  alternatives?: Alternative[]
  errors?: { loc: (string | number)[]; message: string }[]
  current?: Record<string, unknown>
  blocking?: string[]
}
