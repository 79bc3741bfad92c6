// What the rooms' own rules name for the fields that answer them: purposes they refuse, roles they accept, and who may go
// beyond a rule. Nothing is decided here: whether a booking can be had is the service's to say.
import { get } from './api'
import { tr } from './i18n.svelte'

export interface Rules {
  refused_purposes: string[]
  /** Null: nobody has to be named. Empty: any role will do. */
  responsible_roles: string[] | null
  exception_roles: string[]
}

/** A code by its name; `refused`: a chosen room says no to it. */
export interface Choice {
  code: string
  name: string
  refused: boolean
}

/** The purposes people usually have, and those that rooms usually refuse. A room may name others. */
export const PURPOSES = [
  'meeting', 'course', 'lecture', 'group_training', 'open_house', 'meal', 'party', 'concert', 'exhibition', 'class_visit',
  'memorial_gathering', 'private_party', 'commercial_sale', 'political_meeting', 'religious_service', 'overnight_stay',
] as const
export const RESPONSIBLE = ['key_holder', 'host', 'caretaker', 'course_leader', 'board_member', 'employee'] as const
export const EXCEPTIONS = ['agreed', 'memorial', 'noise_accepted', 'one_off', 'other'] as const
export const EXCEPTION_ROLES = ['front_line', 'unit_editor', 'house_manager', 'multi_square_manager', 'admin'] as const

const NONE: Rules = { refused_purposes: [], responsible_roles: null, exception_roles: [] }

/** What holds in each room; of a room whose rules cannot be read just now nothing is known. */
export async function rulesOf(ids: string[]): Promise<[string, Rules][]> {
  return Promise.all(ids.map(async (id): Promise<[string, Rules]> => {
    try {
      const found = await get<{ effective: Rules | null }>(`/api/facility/spaces/${id}/policy`)
      return [id, found.effective ?? NONE]
    } catch { // the room itself refuses what its rules do
      return [id, NONE]
    }
  }))
}

export const purposeName = (code: string) => tr('roomPurpose', code)
export const roleName = (code: string) => tr('responsible', code)

/** The purposes to choose from: those that are refused come last. */
export function purposesFor(rules: Rules[]): Choice[] {
  const refused = new Set(rules.flatMap((one) => one.refused_purposes))
  const all = [...new Set<string>([...PURPOSES, ...refused])]
  const made = all.map((code) => ({ code, name: purposeName(code), refused: refused.has(code) }))
  return [...made.filter((one) => !one.refused), ...made.filter((one) => one.refused)]
}

/** The roles that all rooms accept; `open`: any other will do as well. */
export function rolesFor(rules: Rules[]): { choices: Choice[]; open: boolean } {
  const lists = rules.flatMap((one) => (one.responsible_roles?.length ? [one.responsible_roles] : []))
  const [first, ...rest] = lists
  const codes: readonly string[] = first ? first.filter((code) => rest.every((list) => list.includes(code))) : RESPONSIBLE
  return { choices: codes.map((code) => ({ code, name: roleName(code), refused: false })), open: !first }
}

/** The rooms that refuse the purpose, with all that each of them refuses. */
export function refusing(rules: Map<string, Rules>, rooms: string[], purpose: string): { room: string; refused: string[] }[] {
  return rooms.flatMap((room) => {
    const refused = rules.get(room)?.refused_purposes ?? []
    return refused.includes(purpose) ? [{ room, refused }] : []
  })
}

/** Who may set the rules of all these rooms aside. */
export function excepting(rules: Rules[]): string[] {
  const [first, ...rest] = rules.filter((one) => one !== NONE)
  return first ? first.exception_roles.filter((role) => rest.every((one) => one.exception_roles.includes(role))) : []
}
