import { describe, expect, it, vi } from 'vitest'
import type { Item } from './types'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
vi.stubGlobal('document', { documentElement: {} })
const { aside, itemName, missing } = await import('./items')
const { reader } = await import('./i18n.svelte')
reader.unitKinds = { service_desk: { nb: 'Innbyggerservice', en: 'Service desk' } }

const item = (more: Partial<Item>): Item => ({
  kind: 'booking', id: '1', version: 1, unit_id: null, title: null, state: 'confirmed', space_ids: [], starts_at: '', ends_at: '', local_date: '2026-11-24',
  local_start: '10:00', local_end: '11:00', setup_minutes: 0, teardown_minutes: 0, masked: false, ...more,
})
const shift = (more: Partial<Item>) => item({ kind: 'shift', role: 'cafe_help', needed: 2, confirmed: 1, state: 'understaffed', ...more })
const meal = (more: Partial<Item>) => item({ kind: 'meal', serving: 'dinner', title: 'Fiskegrateng', title_en: 'Fish gratin', portions_planned: 42, price_nok: 130, state: 'planned', ...more })

describe('items', () => {
  it('have a name whatever their kind, in the reader’s language', () => {
    expect(itemName(item({ kind: 'busy', masked: true, title: 'hemmelig' }))).toBe('Opptatt')
    expect(itemName(shift({}))).toBe('Vakt: kaféhjelp')
    expect(itemName(shift({ role: 'juggler' }))).toBe('Vakt: juggler')
    expect(itemName(meal({}))).toBe('Middag: Fiskegrateng')
    expect(itemName(item({ kind: 'presence' }), { unit_id: '1', kind: 'service_desk', name: 'x' })).toBe('Til stede: Innbyggerservice')
    expect(itemName(item({ kind: 'rocket' as Item['kind'] }))).toBe('Uten tittel')
    reader.choose('en')
    expect([itemName(meal({})), itemName(shift({}))]).toEqual(['Dinner: Fish gratin', 'Shift: café help'])
    reader.choose('nb')
  })
  it('say in words how a shift is filled and what a meal is', () => {
    expect(aside(shift({}))).toBe('1 av 2 ⚠ mangler 1')
    expect(aside(shift({ confirmed: 2, state: 'staffed' }))).toBe('2 av 2')
    expect(aside(meal({}))).toBe('42 porsjoner · 130 kr')
    expect(aside(meal({ portions_served: 0, price_nok: 0 }))).toBe('0 av 42 porsjoner servert')
    expect(aside(item({}))).toBe('')
  })
  it('lack nobody once they are over', () => {
    expect([missing(shift({})), missing(shift({ state: 'cancelled' })), missing(shift({ confirmed: 3 })), missing(item({ needed: 4 }))]).toEqual([1, 0, 0, 0])
  })
})
