import { describe, expect, it, vi } from 'vitest'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
vi.stubGlobal('document', { documentElement: {} })
const { above, bodyOf, nested, newRoom } = await import('./room')

const HALL = {
  ...newRoom('square', 3), id: 'hall', version: 7, name: 'Hallen', layouts: { seated: 140, standing: 200 }, noise_out: 5, noise_tolerance: 3,
  neighbours: [{ space_id: 'library', attenuation: 2 }], prices: { business: 900 },
}
const FOREST = [
  { space_id: 'a1', parent_id: 'a' }, { space_id: 'hall', parent_id: null }, { space_id: 'b', parent_id: 'hall' },
  { space_id: 'a', parent_id: 'hall' }, { space_id: 'other', parent_id: null },
]

describe('a room', () => {
  it('goes back with all that it came with, also what no form shows', () => {
    const known = { ...HALL, space_id: 'hall', withdrawn: false, of_tomorrow: 'kept' }
    const { id, version, space_id, withdrawn, ...all } = known
    expect(bodyOf(known)).toEqual(all)
  })

  it('says nothing where a field was emptied', () => {
    const body = bodyOf({ ...HALL, floor: '', layouts: { seated: null, standing: 0 }, prices: { business: null } })
    expect([body.floor, body.layouts, body.prices]).toEqual([null, { standing: 0 }, {}])
  })

  it('is offered no part of its own to be a part of', () => {
    expect(above(FOREST, 'hall').map((one) => one.space_id)).toEqual(['other'])
    expect(above(FOREST, 'a').map((one) => one.space_id)).toEqual(['hall', 'b', 'other'])
  })

  it('stands before its parts, however deep they lie', () => {
    expect(nested(FOREST).map(({ space, depth }) => `${depth}${space.space_id}`)).toEqual(['0hall', '1b', '1a', '2a1', '0other'])
  })
})
