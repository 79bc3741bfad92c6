import { describe, expect, it, vi } from 'vitest'
import { csv } from './csv'
import { en } from './en'
import { heat } from './figures'
import { nb } from './nb'
import type { VisitorRow } from './types'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
vi.stubGlobal('document', { documentElement: {} })

describe('dictionary', () => {
  it('has the same keys and the same blanks in both languages', () => {
    const blanks = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort()
    expect(Object.keys(en).sort()).toEqual(Object.keys(nb).sort())
    for (const key of Object.keys(nb) as (keyof typeof nb)[]) expect([key, blanks(en[key])]).toEqual([key, blanks(nb[key])])
  })
})

describe('csv', () => {
  it('disarms formulas and quotes what needs it', () => {
    expect(csv([['=HYPERLINK("x")', 'a;b', 3, null]])).toBe('"\'=HYPERLINK(""x"")";"a;b";3;\r\n')
  })
})

describe('figures', () => {
  it('takes the mean of each weekday and hour over the dates counted', () => {
    const row = (period: string, door_visits: number) => ({ period, door_visits }) as VisitorRow
    const map = heat([row('2026-11-16T10', 4), row('2026-11-23T10', 8), row('2026-11-24T11', 3)])
    expect(map.hours).toEqual([10, 11])
    expect(map.mean[0]).toEqual([6, 0])
    expect(map.mean[1]).toEqual([0, 3])
    expect(map.mean[2]).toEqual([null, null])
  })
})

describe('commands', () => {
  it('makes instants of the square’s clock over both changes of the clock', async () => {
    const { instant, useZone } = await import('./commands')
    useZone('Europe/Oslo')
    expect(instant('2026-11-24T10:00')).toBe('2026-11-24T09:00:00.000Z')
    expect(instant('2026-10-25T02:30')).toBe('2026-10-25T00:30:00.000Z')
    expect(instant('2027-03-28T02:30')).toBe('2027-03-28T01:30:00.000Z')
    expect(instant('2026-11-24T10:00:00+01:00')).toBe('2026-11-24T10:00:00+01:00')
  })
  it('makes ids that sort by time', async () => {
    const { uuid7 } = await import('./api')
    expect(uuid7(1_700_000_000_000)).toMatch(/^018bcfe5-6800-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(uuid7(1) < uuid7(2_000)).toBe(true)
  })
})
