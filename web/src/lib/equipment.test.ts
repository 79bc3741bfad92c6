import { describe, expect, it, vi } from 'vitest'
import type { Thing } from './equipment'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
vi.stubGlobal('document', { documentElement: {} })
const { shortOn } = await import('./equipment')

const thing = (fewer?: Thing['fewer']) => ({ count: 3, free: 0, ...(fewer && { fewer }) }) as Thing

describe('a thing wanted on many dates', () => {
  it('is short on those that have fewer than are wanted', () => {
    const found = thing([{ date: '2026-11-05', free: 0 }, { date: '2026-11-12', free: 2 }])
    expect(shortOn(found, 1)).toEqual(['2026-11-05'])
    expect(shortOn(found, 3)).toEqual(['2026-11-05', '2026-11-12'])
  })

  it('is short on none where nothing is known of the dates', () => {
    expect(shortOn(thing(), 1)).toEqual([])
  })
})
