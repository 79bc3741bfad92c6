import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Booked } from './booked'
import type { Outcome } from './one-by-one'
import type { Waiting } from './requests'
import type { Alternative } from './types'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
vi.stubGlobal('document', { documentElement: {} })
const { Refused } = await import('./api')
const { affectedAhead, meanwhile, moveTo } = await import('./booked')
const { Errand, overtaken } = await import('./errand.svelte')
const { decide, together, waitingAt } = await import('./requests')

const answer = (status: number, body: object = {}) => new Response(JSON.stringify(body), { status })
const asked = vi.fn<typeof fetch>()
const sent = () => asked.mock.calls.map(([path, init]) => [path, init?.body ? JSON.parse(init.body as string) : null])
beforeEach(() => {
  asked.mockReset()
  vi.stubGlobal('fetch', asked)
})

const names = { rooms: new Map([['hall', 'Storsalen'], ['quiet', 'Stillerommet']]), units: new Map<string, string>() }
const booking = (id: string, more: Partial<Booked> = {}): Booked => ({
  id, version: 1, state: 'requested', title: 'Kor', space_ids: ['hall', 'quiet'], masked: false, series_id: 'kor', unit_id: null,
  local_date: `2027-03-${id.padStart(2, '0')}`, local_start: '18:00', local_end: '20:00', setup_minutes: 30, teardown_minutes: 15, ...more,
})
const waiting = (one: Booked, more: Partial<Waiting> = {}): Waiting => ({
  booking: one, former: null, due: `${one.local_date}T18:00:00+01:00`, approvals: [], breaks: [], may_confirm: true, may_reject: true, ...more,
})
const dates = (of: Waiting[]) => together(of).map((one) => one.dates.map((date) => date.booking.id))
const weekly = (n: number, more: Partial<Waiting> = {}) => waiting(booking(String(n)), more)

describe('requests of one series', () => {
  it('are one, with its dates in order, whichever of its rooms is named first', () => {
    expect(dates([weekly(8), waiting(booking('1', { space_ids: ['quiet', 'hall'] })), weekly(15)])).toEqual([['1', '8', '15']])
  })

  it('are apart where one decision would not do for both', () => {
    const breach = [{ message: 'Rommet kan bookes høyst 60 dager fram.' }]
    for (const more of [{ may_confirm: false }, { may_reject: false }, { breaks: breach }, { warnings: breach }]) expect(dates([weekly(1), weekly(8, more)])).toHaveLength(2)
    for (const more of [{ local_start: '17:00' }, { space_ids: ['hall'] }, { unit_id: 'library' }, { title: 'Dans' }]) expect(dates([weekly(1), waiting(booking('8', more))])).toHaveLength(2)
  })

  it('are those of a series: others stand by themselves, also when they look alike', () => {
    expect(dates([waiting(booking('1', { series_id: null })), waiting(booking('8', { series_id: null }))])).toEqual([['1'], ['8']])
  })

  it('of which nothing may be seen are one by rooms and times', () => {
    const masked = (id: string) => waiting(booking(id, { masked: true, title: 'Opptatt', series_id: undefined }))
    expect(dates([masked('1'), masked('8')])).toEqual([['1', '8']])
  })

  it('keep their key when a date of them is decided, and no two have the same', () => {
    const before = together([weekly(1), weekly(8), weekly(15, { may_reject: false })])
    expect(new Set(before.map((one) => one.key)).size).toBe(2)
    expect(together([weekly(8), weekly(15, { may_reject: false })]).map((one) => one.key)).toEqual(before.map((one) => one.key))
  })
})

describe('deciding several dates', () => {
  const three = [weekly(1), weekly(8), weekly(15)]

  it('says the same of each, in one’s own words beside the code, and goes on after one that is refused', async () => {
    asked.mockResolvedValueOnce(answer(200)).mockResolvedValueOnce(answer(409, { code: 'conflict', detail: 'Opptatt.' })).mockResolvedValueOnce(answer(200))
    const came = await decide(three, 'reject', { reason_code: 'room_needed', reason: 'Valglokale' }, () => undefined)
    expect([came.done.map((one) => one.booking.id), came.failed.map(({ one, problem }) => [one.booking.id, problem.detail])]).toEqual([['1', '15'], [['8', 'Opptatt.']]])
    expect(sent()[2]).toEqual(['/api/facility/bookings/15/reject', { reason_code: 'room_needed', reason: 'Valglokale' }])
  })

  it('sends no words where there are none', async () => {
    asked.mockResolvedValueOnce(answer(200))
    await decide(three.slice(0, 1), 'confirm', { reason_code: 'agreed', reason: '' }, () => undefined)
    expect(sent()).toEqual([['/api/facility/bookings/1/confirm', { reason_code: 'agreed' }]])
  })
})

describe('what became of several', () => {
  const words = ['requestAgreed', 'datesAgreed', 'someAgreed', 'restWaitsAgreed'] as const
  const ones = [booking('1'), booking('8'), booking('15')]
  const settled = async (came: Partial<Outcome<Booked>>) => {
    const errand = new Errand(() => Promise.resolve(), () => names)
    return [await errand.settle({ all: 3, done: [], failed: [], away: false, ...came }, (one) => one, words), errand.note]
  }

  it('is said in a word where all went well', async () => {
    expect(await settled({ done: ones })).toEqual(['Godkjent: Kor, 3 datoer', null])
    expect(await settled({ all: 1, done: ones.slice(0, 1) })).toEqual(['Godkjent: Kor', null])
  })

  it('stays in sight where some did not, each reason once with its dates', async () => {
    const failed = ones.slice(1).map((one) => ({ one, problem: { status: 409, code: 'conflict', detail: 'Opptatt.' } }))
    expect(await settled({ done: ones.slice(0, 1), failed })).toEqual([null, {
      told: 'Kor: 1 av 3 datoer er godkjent. Disse gikk ikke:', failures: [{ dates: ['2027-03-08', '2027-03-15'], time: '18:00–20:00', said: 'Opptatt.' }],
    }])
    asked.mockImplementation(() => Promise.resolve(answer(200, booking('8', { state: 'rejected' }))))
    const stale = ones.slice(1).map((one) => ({ one, problem: { status: 412, code: 'stale', detail: 'Endret.' } }))
    expect(await settled({ done: ones.slice(0, 1), failed: stale })).toMatchObject([null, { failures: [{ dates: ['2027-03-08', '2027-03-15'], said: 'Noen andre var først: nå avslått.' }] }])
    expect(await settled({ done: ones.slice(0, 2), away: true })).toEqual([null, { told: expect.stringContaining('2 av 3 datoer er godkjent. Tjenesten for rom svarer ikke'), failures: [] }])
  })
})

describe('what is read', () => {
  const page = (name: string, next: string | null) => answer(200, { [name]: [1], next })
  const paths = () => asked.mock.calls.map(([path]) => new URL(path as string, 'http://torg.test')).map(({ searchParams }) => Object.fromEntries(searchParams))

  it('are all requests that wait, page by page', async () => {
    asked.mockResolvedValueOnce(page('requests', 'a')).mockResolvedValueOnce(page('requests', null))
    expect(await waitingAt('here')).toEqual({ found: [1, 1], more: false })
    expect(paths().map(({ square_id, after }) => [square_id, after])).toEqual([['here', undefined], ['here', 'a']])
  })

  it('is what closures displaced and nothing else, as far ahead as a series reaches, each once', async () => {
    const found = (next: string | null, ...ids: string[]) => answer(200, { bookings: ids.map((id) => ({ id })), next })
    asked.mockImplementation((path) => {
      const query = new URL(path as string, 'http://torg.test').searchParams
      return Promise.resolve(query.get('from') !== '2026-11-27T00:00' ? found(null, '2', '3') : query.get('after') ? found(null, '2') : found('1', '1'))
    })
    expect(await affectedAhead('here', '2026-11-27')).toEqual({ found: [{ id: '1' }, { id: '2' }, { id: '3' }], more: false })
    expect(paths().map(({ square_id, state, from, to }) => [square_id, state, from, to])).toEqual([
      ['here', 'affected', '2026-11-27T00:00', '2027-12-27T00:00'], ['here', 'affected', '2027-12-27T00:00', '2029-01-25T00:00'],
      ['here', 'affected', '2026-11-27T00:00', '2027-12-27T00:00'],
    ])
  })
})

describe('a booking that is moved to where it could be', () => {
  const to: Alternative = {
    kind: 'smaller_setup', way: 'book', space_ids: ['quiet'], name: 'Stillerommet', setup_minutes: 15, teardown_minutes: 5, equipment: [], why: [],
    starts_at: '2027-03-01T18:00:00+01:00', ends_at: '2027-03-01T20:00:00+01:00', local_date: '2027-03-01', local_start: '18:00', local_end: '20:00',
  }

  it('has the setup and tidy-up there that were proposed', async () => {
    asked.mockResolvedValueOnce(answer(200))
    expect(await moveTo(booking('1', { state: 'affected' }), to)).toBeUndefined()
    const { starts_at, ends_at } = to
    expect(sent()).toEqual([['/api/facility/bookings/1/move', { space_ids: ['quiet'], starts_at, ends_at, setup_minutes: 15, teardown_minutes: 5, equipment: [] }]])
  })

  it('is asked for in its place where somebody else decides', async () => {
    asked.mockResolvedValueOnce(answer(200, { equipment: [], purpose: 'course' })).mockResolvedValueOnce(answer(201, { id: 'new', version: 1, state: 'requested' }))
    expect(await moveTo(booking('1', { state: 'affected' }), { ...to, way: 'request' })).toBeTypeOf('function')
    expect(sent()[1]?.[1]).toMatchObject({ state: 'requested', replaces: '1', starts_at: to.starts_at, ends_at: to.ends_at, space_ids: ['quiet'], setup_minutes: 15, teardown_minutes: 5, title: 'Kor', purpose: 'course' })
  })
})

describe('where somebody else was first', () => {
  const problem = (code: string, rule = '') => ({ status: 412, code, detail: '', reasons: [{ rule, message: '' }] })

  it('it is told how it is now', async () => {
    for (const told of [problem('stale'), problem('wrong_state'), problem('invalid', 'not_occupying')]) {
      asked.mockResolvedValueOnce(answer(200, booking('1', { state: 'confirmed', version: 2 })))
      const now = await meanwhile(told, '1')
      expect(now && overtaken(now, names, 'requested')).toBe('Noen andre var først: Kor er nå bekreftet (man. 1. mars 18:00–20:00 · Storsalen, Stillerommet).')
    }
  })

  it('nothing is thrown, and the list is read anew; any other refusal is', async () => {
    const read = vi.fn(() => Promise.resolve())
    const errand = new Errand(read, () => names)
    const refused = async (code: string) => { throw new Refused(problem(code)) }
    asked.mockResolvedValueOnce(answer(200, booking('1', { state: 'rejected' })))
    await errand.run(booking('1'), () => refused('stale'), false)
    expect([errand.note?.told, read.mock.calls.length]).toEqual([expect.stringContaining('Kor er nå avslått'), 1])
    await expect(errand.run(booking('1'), () => refused('conflict'))).rejects.toThrow('conflict')
    expect([errand.note, read.mock.calls.length]).toEqual([null, 1])
  })

  it('a request that waits still is to be looked at again, and a date that was declined is called so', () => {
    expect(overtaken(booking('1', { version: 2 }), names, 'requested')).toMatch(/^Noen andre endret Kor i mellomtiden.*forespurt/)
    expect(overtaken(booking('1', { state: 'rejected', reason_code: 'declined' }), names, 'rejected')).toMatch(/er nå takket nei til/)
  })

  it('any other refusal is none of that, nor one of what cannot be seen any more', async () => {
    expect(await meanwhile(problem('conflict'), '1')).toBeNull()
    asked.mockResolvedValueOnce(answer(404, { code: 'not_found' }))
    expect(await meanwhile(problem('stale'), '1')).toBeNull()
  })
})
