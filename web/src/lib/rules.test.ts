import { describe, expect, it, vi } from 'vitest'
import type { Rules } from './rules'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
vi.stubGlobal('document', { documentElement: {} })
const { excepting, purposesFor, refusing, RESPONSIBLE, rolesFor } = await import('./rules')

const rules = (over: Partial<Rules> = {}): Rules => ({
  refused_purposes: [], responsible_roles: null, exception_roles: ['house_manager', 'admin'], ...over,
})

describe('the purposes to choose from', () => {
  it('have names, and those that a room refuses come last and say so', () => {
    const found = purposesFor([rules({ refused_purposes: ['private_party'] }), rules({ refused_purposes: ['ice_cream'] })])
    expect(found[0]).toEqual({ code: 'meeting', name: 'møte', refused: false })
    expect(found.slice(-2)).toEqual([
      { code: 'private_party', name: 'lukket privat selskap', refused: true },
      { code: 'ice_cream', name: 'ice_cream', refused: true },
    ])
  })

  it('are refused by the rooms that name them, and by no other', () => {
    const known = new Map([['a', rules({ refused_purposes: ['party', 'private_party'] })], ['b', rules()]])
    expect(refusing(known, ['a', 'b', 'unknown'], 'party')).toEqual([{ room: 'a', refused: ['party', 'private_party'] }])
    expect(refusing(known, ['b'], 'party')).toEqual([])
    expect(refusing(known, ['a'], '')).toEqual([])
  })
})

describe('the roles to choose from', () => {
  it('are those that every room accepts', () => {
    const { choices, open } = rolesFor([
      rules({ responsible_roles: ['key_holder', 'host'] }), rules({ responsible_roles: ['host', 'choir_leader'] }), rules(),
    ])
    expect(choices).toEqual([{ code: 'host', name: 'vert', refused: false }])
    expect(open).toBe(false)
  })

  it('are the usual ones, and any other, where no room has a list', () => {
    const { choices, open } = rolesFor([rules({ responsible_roles: [] }), rules()])
    expect(choices.map((one) => one.code)).toEqual([...RESPONSIBLE])
    expect(open).toBe(true)
  })
})

describe('who may go beyond the rules', () => {
  it('is who may in every room', () => {
    expect(excepting([rules(), rules({ exception_roles: ['unit_editor', 'admin'] })])).toEqual(['admin'])
    expect(excepting([])).toEqual([])
  })
})
