import { describe, expect, it, vi } from 'vitest'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
vi.stubGlobal('document', { documentElement: {} })
const { bodyOf, endsEarly, faultsAt, isOver, isWhole, newPeriod, newSpan, putTime, save } = await import('./hours')
const { periodSaid } = await import('./hours-said')

const usual = (span: object = {}, rules: object[] = []) => ({ ...newPeriod('Vanlige uker'), groups: [{ spans: [{ ...newSpan(), ...span }], rules }] }) as ReturnType<typeof newPeriod>

describe('opening hours as they are typed', () => {
  it('end at midnight as the next day’s first minute', () => {
    const span = newSpan()
    putTime(span, 'end', '24')
    expect([span.end, span.end_next_day]).toEqual(['00:00', true])
    putTime(span, 'start', '9')
    expect(span.start).toBe('09:00')
    putTime(span, 'start', 'ni')
    expect(span.start).toBe('ni')
  })

  it('end early unless they end the next day', () => {
    const span = { ...newSpan(), start: '20:00', end: '02:00' }
    expect([endsEarly(span), endsEarly({ ...span, end_next_day: true }), endsEarly({ ...span, full_day: true }), endsEarly({ ...span, end: '2' })]).toEqual([true, false, false, false])
  })

  it('are asked about once every time is whole', () => {
    expect(isWhole([usual({ start: '1' })])).toBe(false)
    expect(isWhole([usual({ start: '', full_day: true }), usual()])).toBe(true)
  })

  it('go back with the step of a rule and without what was left empty', () => {
    const [period] = bodyOf([usual({ start: '', end: '', full_day: true }, [{ kind: 'nth_day_of_month', n: 1, step: 2, anchor: '' }, { kind: 'even_weeks', n: 3 }])])
    expect(period?.groups[0]?.rules).toEqual([{ kind: 'nth_day_of_month', n: 1, step: 2, anchor: null }, { kind: 'even_weeks' }])
    expect(period?.groups[0]?.spans[0]).toMatchObject({ start: null, end: null, full_day: true })
  })

  it('are over when their last date is', () => {
    expect([null, '2026-11-26', '2026-11-27'].map((end_date) => isOver({ ...newPeriod(''), end_date }, '2026-11-27'))).toEqual([false, true, false])
  })

  it('are told in a line', () => {
    const one = { ...usual({ weekdays: [1, 2, 3, 7], end: '00:00', end_next_day: true }), start_date: '2026-12-24', end_date: '2026-12-24' }
    expect(periodSaid(one)).toBe('Vanlige uker tor. 24. des. 2026: man.–ons., søn. 08:00–00:00 betjent')
  })
})

it('a fault of the tenth period is not the first one’s', () => {
  const errors = [{ loc: ['periods', 10, 'groups', 0, 'spans', 1, 'start'], message: 'Feil' }]
  expect(faultsAt(errors, ['periods', 1])).toEqual([])
  expect(faultsAt(errors, ['periods', 10, 'groups', 0, 'spans', 1])).toEqual(['Feil'])
})

it('the first hours say that none were there, so that somebody else’s first ones are not met with a missing header', async () => {
  const sent: RequestInit[] = []
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
    sent.push(init)
    return { ok: true, status: 200, json: async () => ({}), headers: new Headers() }
  })
  await save('spaces', 'hall', [], 0)
  expect(sent.map((one) => (one.headers as Record<string, string>)['If-Match'])).toEqual(['"0"'])
})
