import { describe, expect, it } from 'vitest'
import { addressOf, bookingOf, queryOf, readWish, wishFor, type Wanted } from './finding'

const MEETING: Wanted = {
  space_ids: ['quiet'], local_date: '2026-12-03', local_start: '10:00', local_end: '12:00', setup_minutes: 0, teardown_minutes: 0,
}
const ROOMS = [
  { space_id: 'quiet', features: ['hearing_loop', 'step_free', 'mirrors'], capacity: 12 },
  { space_id: 'other', features: ['piano'], capacity: null },
]
const read = (one: Partial<Wanted>) => wishFor({ ...MEETING, ...one }, ROOMS)

describe('the search for another room', () => {
  it('has the time with what lies around it, and nothing that nobody asked for', () => {
    const wish = read({ setup_minutes: 30, teardown_minutes: 15, needs: [] })
    expect(wish.toString()).toBe('from=2026-12-03&to=2026-12-03&minutes=165&earliest=09%3A30&latest=12%3A15&people=12')
  })

  it('asks for what the booking needs', () => {
    const said = { needs: ['hearing_loop', 'piano', 'kitchen'], expected_people: 11, quiet_need: 5, noise_out: 1, layout: 'seated', organiser_kind: 'voluntary' }
    const wish = read(said)
    expect(wish.getAll('access')).toEqual(['hearing_loop'])
    expect(wish.getAll('equipment')).toEqual(['piano'])
    expect(['people', 'quiet', 'noise', 'layout', 'organiser', 'kitchen'].map((name) => wish.get(name))).toEqual(['11', '5', '1', 'seated', 'voluntary', 'true'])
  })

  it('asks for the seats and the access the room has where the booking does not say', () => {
    expect(read({}).getAll('access')).toEqual(['step_free', 'hearing_loop'])
    expect(['quiet', 'other'].map((room) => read({ space_ids: [room] }).get('people'))).toEqual(['12', '0'])
    expect(read({ space_ids: ['other'] }).getAll('access')).toEqual([])
  })

  it('ends with the day', () => {
    const wish = read({ local_start: '22:00', local_end: '24:00', teardown_minutes: 30 })
    expect([wish.get('earliest'), wish.get('latest'), wish.get('minutes')]).toEqual(['22:00', '24:00', '120'])
    expect(read({ local_start: '22:00', local_end: '00:00' }).get('minutes')).toBe('120')
  })
})

describe('the wish for a room', () => {
  const wish = {
    ...readWish(new URLSearchParams(), '2026-11-27'), setup: 30, teardown: 15, weekdays: [2, 4], price: 0, layout: 'banquet', access: ['step_free'], equipment: ['piano'], kitchen: true, here: false,
  }

  it('is the same again from its address', () => {
    expect(readWish(addressOf(wish), '2027-01-01')).toEqual(wish)
  })

  it('is asked for whole, and nothing that is over', () => {
    const query = queryOf(wish, { square: 's', date: '2026-11-27', minute: 631 })
    expect(query.get('from')).toBe('2026-11-27T10:45')
    expect(query.get('to')).toBe('2026-12-11T00:00')
    expect([query.get('max_price'), query.get('setup_minutes'), query.getAll('weekday'), query.get('square_id')]).toEqual(['0', '30', ['2', '4'], null])
  })

  it('is booked with all that was looked for', () => {
    expect(bookingOf(wish, 'hall', '2026-11-27T17:00:00+01:00')).toMatchObject({
      ends_at: '2026-11-27T18:00:00.000Z', setup_minutes: 30, teardown_minutes: 15, needs: ['step_free', 'piano', 'kitchen'], layout: 'banquet',
    })
  })
})
