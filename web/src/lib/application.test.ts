import { afterEach, describe, expect, it, vi } from 'vitest'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
vi.stubGlobal('document', { documentElement: {} })
const { allApplications, bodyOfApplication, draftOfApplication, freshApplication, isWhole, newWish } = await import('./application')
afterEach(() => vi.unstubAllGlobals())

const time = { weekday: 2, start: '18:00', end: '20:00', end_next_day: false }
const SEASON = { square_ids: ['here', 'there'] }
const APPLICATION = {
  id: 'a', version: 2, state: 'registered', late: true, organiser_id: 'choir', organiser_kind: 'voluntary', title: 'Koret', people: 30, paid: true, unit_id: 'library',
  holidays: 'keep', late_reason: 'Brevet kom bort', late_counts: 'as_in_time',
  wishes: [
    { ...time, weeks: 'odd', alternatives: [{ ...time, weekday: 4, end: '00:00', end_next_day: true }], space_ids: ['hall', 'stage', 'room'], square_ids: [], features: ['piano'], setup_minutes: 30, teardown_minutes: 15, noise_out: 5, quiet_need: 0 },
    { ...time, weeks: 'every', alternatives: [], space_ids: [], square_ids: ['there'], features: [], setup_minutes: 0, teardown_minutes: 0, noise_out: null, quiet_need: null },
    { ...time, weeks: 'every', alternatives: [], space_ids: [], square_ids: ['here', 'there'], features: [], setup_minutes: 0, teardown_minutes: 0, noise_out: null, quiet_need: null },
  ],
} as unknown as Parameters<typeof draftOfApplication>[0]

describe('an application', () => {
  it('is the same again after it was opened, with rooms, other times and needs', () => {
    const { id, version, state, late, ...all } = APPLICATION
    expect(bodyOfApplication(draftOfApplication(APPLICATION), SEASON, 'choir', true)).toEqual(all)
  })

  it('tells a reason for being late only when it is', () => {
    expect(Object.keys(bodyOfApplication(draftOfApplication(APPLICATION), SEASON, 'choir', false))).not.toContain('late_reason')
  })

  it('is whole when each of its times lasts', () => {
    const none = { weekday: 1, start: 600, end: 600, weeks: 'every' as const }
    expect(isWhole({ ...freshApplication(), wishes: [{ ...newWish(), others: [none] }] })).toBe(false)
    expect(isWhole(freshApplication())).toBe(true)
  })
})

it('applications are read to the last page', async () => {
  const pages: Record<string, object> = {
    '/api/facility/seasons/s/applications': { applications: [{ title: 'Kor 10', state: 'registered' }, { title: 'Kor 9', state: 'registered' }], next: 'b' },
    '/api/facility/seasons/s/applications?after=b': { applications: [{ title: 'Kor 1', state: 'registered' }, { title: 'Kor 2', state: 'withdrawn' }], next: null },
  }
  vi.stubGlobal('fetch', async (path: string) => ({ ok: true, status: 200, json: async () => pages[path], headers: new Headers() }))
  expect((await allApplications('s')).map((one) => one.title)).toEqual(['Kor 1', 'Kor 9', 'Kor 10'])
})
