import { describe, expect, it, vi } from 'vitest'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
vi.stubGlobal('document', { documentElement: {} })
const { moveTold, stateOf } = await import('./workplace')
type Date = Parameters<typeof stateOf>[0]

const date = (over: Partial<Date>) => ({ state: 'draft', room_request: null, ...over }) as Date

describe('a draft', () => {
  it('says what has come of its request', () => {
    expect(stateOf(date({}))).toBe('utkast')
    expect(stateOf(date({ room_request: { state: 'pending', reason_code: null } }))).toBe('venter på ja til rommet')
    expect(stateOf(date({ room_request: { state: 'refused', reason_code: 'other' } }))).toBe('rommet er avslått')
    expect(stateOf(date({ room_request: { state: 'refused', reason_code: 'too_late' } }))).toMatch(/^rommet er avslått: .+/)
  })
})

describe('a date that is to be elsewhere', () => {
  const move = { space_ids: [], starts_at: '', ends_at: '' }
  it('says what has come of that', () => {
    expect(moveTold({ ...move, state: 'pending' }, 'Salen')).toBe('Flytting venter på ja: Salen')
    expect(moveTold({ ...move, state: 'refused', reason_code: 'other' }, 'Salen')).toBe('Flytting avslått: Salen')
    expect(moveTold({ ...move, state: 'refused', reason_code: 'room_needed' }, 'Salen')).toBe('Flytting avslått (rommet trengs): Salen')
  })
})
