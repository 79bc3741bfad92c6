import { expect, it, vi } from 'vitest'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
vi.stubGlobal('document', { documentElement: {} })
const { beyond, bodyOfFeed, draftOfFeed, freshFeed } = await import('./feeds')

const FEED = { id: 'f', version: 2, space_id: 'r', unit_id: 'u', name: 'Skolen', refresh_minutes: 360, override: true, titles: 'hidden', conflicts: 510 } as Parameters<typeof draftOfFeed>[0]

it('a calendar that is changed keeps its source and all that was not touched', () => {
  expect(bodyOfFeed(draftOfFeed(FEED), '')).toEqual({ name: 'Skolen', space_id: 'r', unit_id: 'u', refresh_minutes: 360, override: true, titles: 'hidden' })
  expect(bodyOfFeed({ ...freshFeed(), from: 'file' }, 'BEGIN:VCALENDAR')).toMatchObject({ source: { kind: 'file', text: 'BEGIN:VCALENDAR' } })
})

it('clashes that the answer has no room for are counted', () => {
  expect(beyond([FEED, { ...FEED, conflicts: 3 }], Array.from({ length: 500 }) as never)).toBe(13)
})
