import { describe, expect, it, vi } from 'vitest'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
vi.stubGlobal('document', { documentElement: {} })
const { again, bodyOf, newDraft } = await import('./commands')

const BOOKING = {
  id: 'b', version: 4, square_id: 's', space_ids: ['hall'], state: 'confirmed', starts_at: '2026-11-27T22:00:00+01:00', ends_at: '2026-11-28T02:00:00+01:00',
  local_date: '2026-11-27', setup_minutes: 30, teardown_minutes: 15, hold_until: null, override: true, title: 'Nattkino', unit_id: 'library', owner_ref: null,
  series_id: 'series', organiser_kind: 'voluntary', expected_people: 12, needs: ['hearing_loop'], layout: 'seated', purpose: 'concert', responsible_role: 'host',
  organiser_id: 'choir', touches: ['desk'], noise_out: 4, quiet_need: 0, checked_in_at: null, equipment: [{ id: 'piano', count: 1 }], masked: false, blocking: [],
}

describe('a cancelled booking', () => {
  it('comes back with all that it said', () => {
    const { id, version, square_id, local_date, hold_until, owner_ref, checked_in_at, masked, blocking, ...all } = BOOKING
    expect(again(BOOKING)).toEqual(all)
  })

  it('comes back as what it was, a hold with its end', () => {
    expect(again({ ...BOOKING, state: 'affected' })['state']).toBe('confirmed')
    expect(again({ ...BOOKING, state: 'held', hold_until: '2026-12-01T00:00:00+01:00' })).toMatchObject({ state: 'held', hold_until: '2026-12-01T00:00:00+01:00' })
  })
})

describe('a new booking', () => {
  it('says what was chosen, over midnight too, and nothing that was not', () => {
    const draft = { ...newDraft('2026-11-27', 22 * 60, 26 * 60, 'hall'), needs: ['step_free'], quiet_need: 0 }
    const body = bodyOf(draft)
    expect(body).toMatchObject({ starts_at: '2026-11-27T22:00', ends_at: '2026-11-28T02:00', needs: ['step_free'], quiet_need: 0 })
    expect(Object.keys(body)).not.toContain('organiser_kind')
    expect(Object.keys(body)).not.toContain('override')
  })

  it('holds until the end of the chosen date', () => {
    expect(bodyOf({ ...newDraft('2026-12-30', 600, 660, 'hall'), state: 'held', until: '2026-12-31' })['hold_until']).toBe('2027-01-01T00:00')
  })
})
