import { describe, expect, it } from 'vitest'
import { answers, asCodes, newTerms, onTerms, wants } from './terms'

const reasons = (...rules: string[]) => rules.map((rule) => ({ rule, message: rule }))
const NOTHING = { role: false, purpose: false, reason: false, yes: false }

describe('a refusal', () => {
  it('asks for what would answer it, and for nothing where nothing would', () => {
    expect(wants(reasons('must_request', 'responsible_role_needed'))).toEqual({ ...NOTHING, role: true, yes: true })
    expect(wants(reasons('max_length', 'touches_unit'))).toEqual({ ...NOTHING, reason: true, yes: true })
    expect(wants(reasons('noise'))).toEqual({ ...NOTHING, reason: true, yes: true })
    expect(wants(reasons('purpose_needed'))).toEqual({ ...NOTHING, purpose: true })
    expect(wants(reasons('purpose_refused'))).toEqual({ ...NOTHING, reason: true })
    expect(wants(reasons('occupied', 'outside_hours', 'exception_not_allowed'))).toEqual(NOTHING)
  })

  it('is answered with what was typed', () => {
    expect(answers({ ...newTerms(), reason: ' ' })).toEqual({})
    expect(answers({ ...newTerms(), purpose: 'Åpent møte' })).toEqual({ purpose: 'apent_mote' })
    expect(answers({ ...newTerms(), purpose: 'meeting', reason_code: 'memorial' })).toEqual({
      purpose: 'meeting', exception: { reason_code: 'memorial' },
    })
    expect(onTerms({ ...newTerms(), responsible_role: ' Key holder', reason: 'Avtalt' }, true)).toEqual({
      responsible_role: 'key_holder', exception: { reason: 'Avtalt' }, request: true,
    })
  })
})

describe('a value of one\'s own', () => {
  it('becomes a code', () => {
    expect(asCodes('Lukket fest, Åpent  hus,, ')).toEqual(['lukket_fest', 'apent_hus'])
  })
})
