import { describe, expect, it, vi } from 'vitest'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
vi.stubGlobal('document', { documentElement: {} })
const { onTerms, stateOf, wants } = await import('./workplace')
type Date = Parameters<typeof stateOf>[0]

const date = (over: Partial<Date>) => ({ state: 'draft', room_request: null, ...over }) as Date
const reasons = (...rules: string[]) => rules.map((rule) => ({ rule, message: rule }))

describe('a refusal', () => {
  it('asks for what would answer it, and for nothing where nothing would', () => {
    expect(wants(reasons('must_request', 'responsible_role_needed'))).toEqual({ role: true, reason: false, yes: true })
    expect(wants(reasons('max_length', 'touches_unit'))).toEqual({ role: false, reason: true, yes: true })
    expect(wants(reasons('noise'))).toEqual({ role: false, reason: true, yes: true })
    expect(wants(reasons('occupied', 'outside_hours', 'exception_not_allowed'))).toEqual({ role: false, reason: false, yes: false })
  })

  it('is answered with what was typed', () => {
    expect(onTerms({ responsible_role: '', reason: ' ' })).toEqual({})
    expect(onTerms({ responsible_role: ' Key holder', reason: 'Avtalt' }, true)).toEqual({
      responsible_role: 'key_holder', exception: { reason: 'Avtalt' }, request: true,
    })
  })
})

describe('a draft', () => {
  it('says what has come of its request', () => {
    expect(stateOf(date({}))).toBe('utkast')
    expect(stateOf(date({ room_request: { state: 'pending', reason_code: null } }))).toBe('venter på ja til rommet')
    expect(stateOf(date({ room_request: { state: 'refused', reason_code: 'other' } }))).toBe('rommet er avslått')
    expect(stateOf(date({ room_request: { state: 'refused', reason_code: 'too_late' } }))).toMatch(/^rommet er avslått: .+/)
  })
})
