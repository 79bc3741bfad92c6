import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Occurrence } from './workplace'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
vi.stubGlobal('document', { documentElement: {} })
const { soughtFor } = await import('./finding')
const { moveAll, movableBooking, movableDate, roomsFor, whyNot } = await import('./elsewhere')

interface Asked { method: string; path: string; version: string | null; body: Record<string, unknown> }
let asked: Asked[] = []
let answers: Record<string, Record<string, unknown> & { status?: number }> = {}
beforeEach(() => {
  asked = []
  answers = {}
  vi.stubGlobal('fetch', (path: string, { method, headers, body }: { method: string; headers: Record<string, string>; body?: string }) => {
    asked.push({ method, path, version: headers['If-Match'] ?? null, body: body ? (JSON.parse(body) as Record<string, unknown>) : {} })
    const { status = 200, ...said } = answers[`${method} ${path}`] ?? {}
    return Promise.resolve(new Response(JSON.stringify({ version: 2, ...said }), { status }))
  })
})
const changed = () => asked.filter((one) => one.method === 'POST').map(({ path, version, body }) => [path, version, (body.space_ids as string[] | undefined)?.[0]])

const booking = (n: number, more: object = {}) => ({
  id: `b${n}`, version: 1, unit_id: 'senior', space_ids: ['gym'], local_date: `2027-03-0${n}`, local_start: '10:00', local_end: '11:00',
  starts_at: `2027-03-0${n}T10:00:00+01:00`, ends_at: `2027-03-0${n}T11:00:00+01:00`, setup_minutes: 15, teardown_minutes: 0, noise_out: 4, needs: ['step_free'], ...more,
})
const date = (more: object = {}) => ({
  occurrence_id: 'o1', version: 7, unit_id: 'senior', title_nb: 'Trim', state: 'scheduled', booking_id: 'b1', space_ids: ['gym'],
  starts_at: '2027-03-01T09:00:00Z', ends_at: '2027-03-01T10:00:00Z', setup_minutes: 0, teardown_minutes: 0, ...more,
}) as Occurrence
const UNIT = { unit_id: 'senior', kind: 'senior_centre', name: 'Seniorsenteret' }
const hall = () => ({ space_ids: ['hall'] })
const say = () => undefined

describe('moving many bookings', () => {
  it('goes in order, on after one that is refused, and back in the other order', async () => {
    answers['POST /api/facility/bookings/b2/move'] = { status: 409, code: 'policy', detail: 'Går ikke.', reasons: [{ message: 'For høyt.' }] }
    const told: number[] = []
    const { came, back } = await moveAll([1, 2, 3].map((n) => movableBooking(booking(n))), hall, (n) => told.push(n))
    expect([came.done.map((one) => one.id), came.failed.map(({ one, problem }) => [one.id, whyNot(problem)]), told]).toEqual([['b1', 'b3'], [['b2', 'For høyt.']], [0, 1, 2]])
    asked = []
    expect((await back?.())?.done).toHaveLength(2)
    expect(changed()).toEqual([['/api/facility/bookings/b3/move', '"2"', 'gym'], ['/api/facility/bookings/b1/move', '"2"', 'gym']])
  })

  it('stops when nobody answers', async () => {
    answers['POST /api/facility/bookings/b2/move'] = { status: 503 }
    const { came } = await moveAll([1, 2, 3].map((n) => movableBooking(booking(n))), hall, say)
    expect([came.done.length, came.failed.length, came.away, came.all, asked.length]).toEqual([1, 0, true, 3, 2])
  })

  it('tells what their new neighbours will hear', async () => {
    answers['POST /api/facility/bookings/b1/move'] = { warnings: [{ rule: 'noise', message: 'Litt for høyt.' }] }
    const { warned } = await moveAll([1, 2].map((n) => movableBooking(booking(n))), hall, say)
    expect(warned.map(({ one, warnings }) => [one.id, warnings[0]?.message])).toEqual([['b1', 'Litt for høyt.']])
  })

  it('goes through the unit whose date it is, at the version the date has there', async () => {
    answers['GET /api/facility/units/senior'] = { kind: 'senior_centre', name: 'Seniorsenteret' }
    answers['GET /api/senior_centre/occurrences/o1'] = { ...date() }
    await moveAll([movableBooking(booking(1, { owner_ref: 'occurrence/o1' }))], hall, say)
    expect(changed()).toEqual([['/api/senior_centre/occurrences/o1/reschedule', '"7"', 'hall']])
  })
})

describe('moving a date without a room', () => {
  const draft = () => movableDate(date({ state: 'draft', booking_id: null }), UNIT, 'Europe/Oslo', {})
  const path = '/api/senior_centre/occurrences/o1'

  it('asks for the room there, and has no way back', async () => {
    answers[`GET ${path}`] = { ...date({ version: 8 }) }
    const { came, back } = await moveAll([draft()], hall, say)
    expect([came.done.length, back]).toEqual([1, undefined])
    expect(changed()).toEqual([[`${path}/reschedule`, '"7"', 'hall'], [`${path}/schedule`, '"8"', undefined]])
  })

  it('leaves it where it was when that is refused', async () => {
    answers[`GET ${path}`] = { ...date({ version: 8 }) }
    answers[`POST ${path}/schedule`] = { status: 409, code: 'conflict', detail: 'Opptatt.' }
    await expect(moveAll([draft()], hall, say)).rejects.toThrow('Opptatt.')
    expect(changed().at(-1)).toEqual([`${path}/reschedule`, '"2"', 'gym'])
  })
})

describe('the question for one other room', () => {
  it('names bookings, or times where there is none, and what the first of them needs', async () => {
    const free = movableDate(date({ state: 'draft', booking_id: null }), UNIT, 'Europe/Oslo', {})
    const dates = [movableBooking(booking(1)), free]
    await roomsFor(dates, soughtFor(booking(1), [{ space_id: 'gym', features: [], capacity: 20 }]), 'square', { unit_id: 'senior' })
    expect(asked[0]).toMatchObject({
      path: '/api/facility/find/dates',
      body: {
        square_id: ['square'], near_space_id: 'gym', for_unit_id: 'senior', people: 20, noise_out: 4, access: ['step_free'],
        dates: [{ booking_id: 'b1' }, { starts_at: '2027-03-01T09:00:00Z', ends_at: '2027-03-01T10:00:00Z' }],
      },
    })
  })
})
