import { expect, it, vi } from 'vitest'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
vi.stubGlobal('document', { documentElement: {} })
const { bodyOfRule, draftOfRule, freshRule } = await import('./local-days')

const RULE = { square_id: 's', kind: 'short', name_nb: 'Julaften', name_en: null, closes_at: '12:00', yearly: '12-24', easter_offset: null, first_date: null, last_date: null } as const
const again = (rule: object) => bodyOfRule(draftOfRule({ ...RULE, id: 'r', version: 1, ...rule }, '2026-11-27'), 's')

it('a rule of days is the same again after it was opened, whichever way it names its days', () => {
  const ways = [{}, { yearly: null, easter_offset: 0 }, { yearly: null, first_date: '2026-10-05', last_date: '2026-10-09', kind: 'school_free', closes_at: null, name_en: 'Autumn break' }] as const
  for (const way of ways) expect(again(way)).toEqual({ ...RULE, ...way })
})

it('only a short day closes at a time', () => {
  expect(bodyOfRule({ ...freshRule('2026-11-27'), kind: 'closed' }, 's').closes_at).toBeNull()
})
