import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Conflict, Party } from './noise'
import type { Item } from './types'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
vi.stubGlobal('document', { documentElement: {} })
const { acceptAll, byBooking, heardOf, noiseMark, together } = await import('./noise')

const party = (id: string, more: Partial<Party> = {}): Party => ({ id, title: id, local_start: '10:00', local_end: '12:00', masked: false, ...more })
const HEALTH = party('health', { title: 'Opptatt', masked: true })

function conflict(date: string, loud: Party, quiet: Party, more: Partial<Conflict> = {}): Conflict {
  return {
    id: `${date} ${loud.id}`, version: 1, state: 'open', severity: 2, message: 'Lyden blir for høy.', from_space_id: 'gym', in_space_id: 'quiet',
    local_date: date, local_start: '10:00', local_end: '11:00', loud, quiet, accepted: null, needs_acceptance: true, may_accept: true, ...more,
  }
}

const dates = (of: Conflict[]) => together(of).map((one) => one.dates.map((when) => when.local_date))
const weekly = (n: number) => conflict(`2027-03-0${n}`, party(`gym ${n}`, { series_id: 'gym' }), party(`meeting ${n}`, { series_id: 'meeting' }))

describe('conflicts of two series', () => {
  it('are one, with its dates in order', () => {
    expect(dates([weekly(8), weekly(1)])).toEqual([['2027-03-01', '2027-03-08']])
  })

  it('are apart where anything of a date is otherwise', () => {
    const other = [{ severity: 1 }, { local_start: '10:30' }, { in_space_id: 'office' }, { may_accept: false }, { state: 'accepted' as const }]
    for (const more of other) expect(dates([weekly(1), { ...weekly(8), ...more }])).toHaveLength(2)
    const moved = { ...weekly(8), loud: { ...weekly(8).loud, local_start: '09:00' } }
    expect(dates([weekly(1), moved])).toHaveLength(2)
  })

  it('are apart where one side is no series', () => {
    expect(dates([conflict('2027-03-01', party('a'), party('q')), conflict('2027-03-08', party('b'), party('q'))])).toHaveLength(2)
  })

  it('with rooms that are only taken are one by rooms and times, whatever else is kept of them', () => {
    const beside = (n: number) => conflict(`2027-03-0${n}`, party(`gym ${n}`, { series_id: 'gym' }), { ...HEALTH, id: `health ${n}` })
    expect(dates([beside(1), beside(8)])).toEqual([['2027-03-01', '2027-03-08']])
  })
})

describe('what is marked in the calendar', () => {
  const item = (id: string, more: Partial<Item> = {}) => ({ id, masked: false, ...more }) as Item

  it('is what the reader sees of a conflict, by the booking of a date too', () => {
    const noise = byBooking([conflict('2027-03-01', party('gym'), party('meeting'))])
    expect(heardOf(item('gym'), noise)).toHaveLength(1)
    expect(heardOf(item('occurrence', { booking_id: 'meeting' }), noise)).toHaveLength(1)
    expect(heardOf(item('other'), noise)).toEqual([])
  })

  it('says in words whether somebody has to accept it', () => {
    const mild = conflict('2027-03-01', party('gym'), party('office'), { severity: 1, needs_acceptance: false })
    const accepted = { ...mild, state: 'accepted' as const }
    expect([[], [accepted], [accepted, mild], [mild, conflict('2027-03-01', party('gym'), party('meeting'))]].map(noiseMark)).toEqual([
      null, { sign: '♪', words: 'støy, godtatt' }, { sign: '♪', words: 'støy' }, { sign: '⚠', words: 'støy som må godtas' },
    ])
  })

  it('is nothing of what is masked', () => {
    const noise = byBooking([conflict('2027-03-01', party('gym'), HEALTH)])
    expect([...noise.keys()]).toEqual(['gym'])
    expect(heardOf(item('gym', { masked: true }), noise)).toEqual([])
  })
})

describe('accepting several dates', () => {
  const answer = (status: number, body: object = {}) => new Response(JSON.stringify(body), { status })
  const three = [weekly(1), weekly(2), weekly(3)]
  const asked = vi.fn<typeof fetch>()
  beforeEach(() => {
    asked.mockReset()
    vi.stubGlobal('fetch', asked)
  })

  it('goes on after one that is refused, and says why that was', async () => {
    asked.mockResolvedValueOnce(answer(200)).mockResolvedValueOnce(answer(412, { code: 'stale', detail: 'Endret.' })).mockResolvedValueOnce(answer(200))
    const told: number[] = []
    const came = await acceptAll(three, 'Avtalt', (n) => told.push(n))
    expect([came.done.map((one) => one.local_date), came.failed.map(({ one, problem }) => [one.local_date, problem.detail]), came.away]).toEqual([
      ['2027-03-01', '2027-03-03'], [['2027-03-02', 'Endret.']], false,
    ])
    expect(told).toEqual([0, 1, 2])
  })

  it('stops when nobody answers', async () => {
    asked.mockResolvedValueOnce(answer(200)).mockResolvedValueOnce(answer(503))
    const came = await acceptAll(three, 'Avtalt', () => undefined)
    expect([came.done.length, came.failed.length, came.away, came.all, asked.mock.calls.length]).toEqual([1, 0, true, 3, 2])
  })

  it('of one alone is refused as anything else is', async () => {
    asked.mockResolvedValueOnce(answer(412, { code: 'stale', detail: 'Endret.' }))
    await expect(acceptAll(three.slice(0, 1), 'Avtalt', () => undefined)).rejects.toThrow('Endret.')
  })
})
