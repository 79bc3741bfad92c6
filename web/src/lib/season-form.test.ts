import { describe, expect, it, vi } from 'vitest'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
vi.stubGlobal('document', { documentElement: {} })
const { bodyOfSeason, differing, draftOfSeason, edited, freshSeason } = await import('./season-form')

const season = {
  id: 'x', version: 3, state: 'draft', name: 'Høsten', square_ids: ['a', 'b'], first_date: '2027-08-23', last_date: '2027-12-17',
  application_deadline: '2027-04-01T12:30:00+02:00', priority: ['municipal', 'voluntary'], space_ids: ['r'], plan_run: 0, rule: { text: [] },
  free_before_paid: false, least_dates_percent: 60, most_minutes_per_week: 150, holidays: 'keep' as const, complaint_weeks: 2,
  complaint_to: { nb: 'Nemnda', en: 'The board' }, breaks: [{ name: 'Høstferie', first_date: '2027-10-04', last_date: '2027-10-08' }],
  may: { manage: true, edit: [], fixed: null },
}

describe('a season that is edited', () => {
  it('is read as it is typed, and told back the same', () => {
    const draft = draftOfSeason(season)
    expect(draft).toMatchObject({ deadline: '2027-04-01', closes: 750, most: 2.5, some: true, holidays: false })
    expect(draft.priority).toEqual(['municipal', 'voluntary', 'business', 'resident'])
    expect(bodyOfSeason(draft)).toMatchObject({
      square_ids: ['a', 'b'], space_ids: ['r'], application_deadline: '2027-04-01T12:30', most_minutes_per_week: 150, holidays: 'keep', breaks: season.breaks,
    })
  })

  it('keeps what may not be changed just as it came, and what the form does not show', () => {
    const typed = { ...draftOfSeason(season), name: 'Vinteren', least: 90, some: false }
    const sent = edited(season, typed, ['name', 'application_deadline'])
    expect(sent).toMatchObject({ name: 'Vinteren', least_dates_percent: 60, space_ids: ['r'], priority: ['municipal', 'voluntary'], complaint_weeks: 2, complaint_to: season.complaint_to })
    expect(edited(season, typed, ['least_dates_percent', 'space_ids'])).toMatchObject({ name: 'Høsten', least_dates_percent: 90, space_ids: null })
  })

  it('says how long and to whom complaints can be made, in both languages or not at all', () => {
    expect(bodyOfSeason(draftOfSeason(season))).toMatchObject({ complaint_weeks: 2, complaint_to: season.complaint_to })
    const typed = { ...draftOfSeason(season), weeks: 6, nb: ' Klagenemnda ', en: 'the Board' }
    expect(bodyOfSeason(typed)).toMatchObject({ complaint_weeks: 6, complaint_to: { nb: 'Klagenemnda', en: 'the Board' } })
    expect(bodyOfSeason({ ...typed, nb: '', en: ' ' })).toMatchObject({ complaint_to: null })
    expect(edited(season, typed, ['name'])).toMatchObject({ complaint_weeks: 2, complaint_to: season.complaint_to })
  })

  it('differs from another in the fields that were changed', () => {
    const mine = draftOfSeason(season)
    const theirs = draftOfSeason({ ...season, name: 'Våren', breaks: [] })
    expect(differing(bodyOfSeason(mine), bodyOfSeason(theirs))).toEqual(['name', 'breaks'])
    expect(differing(bodyOfSeason(mine), bodyOfSeason(mine))).toEqual([])
  })

  it('has every room of its square while it is new', () => {
    expect(bodyOfSeason(freshSeason('a', '2027-01-01'))).toMatchObject({
      square_ids: ['a'], space_ids: null, application_deadline: '2027-01-31T23:59', holidays: 'skip', breaks: [], most_minutes_per_week: null, complaint_weeks: 3, complaint_to: null,
    })
  })
})
