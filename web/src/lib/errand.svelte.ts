// Doing something about one booking of a list, which is read anew after it. Where somebody else was first, nothing is
// done, and how it is now is told: the booking itself may be gone from the list.
import { Refused } from './api'
import { meanwhile, nameOf, timeOf, toldOf, type Booked, type Names } from './booked'
import { gathered, type OfDates } from './dates'
import { t, tr } from './i18n.svelte'
import type { Key } from './nb'
import type { Outcome } from './one-by-one'
import type { ProblemBody } from './types'

export interface Note { told: string; failures: OfDates[] }

export class Errand {
  note = $state.raw<Note | null>(null)

  constructor(private readonly read: () => Promise<void>, private readonly names: () => Names) {}

  /** What else it is refused for is thrown on. `changes`: the list is another after it. */
  async run(one: Booked, work: () => Promise<unknown>, changes = true): Promise<void> {
    this.note = null
    try {
      await work()
    } catch (error) {
      const now = error instanceof Refused ? await meanwhile(error.problem, one.id) : null
      if (!now) throw error
      this.note = { told: overtaken(now, this.names(), one.state), failures: [] }
      changes = true
    }
    if (changes) await this.read()
  }

  /** What became of one or several; what there is to say where all went well. `words`: for one, for all, for some, and
      where nobody answered for the rest. */
  async settle<T>(came: Outcome<T>, bookingOf: (one: T) => Booked, [one, all, some, rest]: readonly [Key, Key, Key, Key]): Promise<string | null> {
    const first = came.done[0] ?? came.failed[0]?.one
    const counts = { title: first ? nameOf(bookingOf(first)) : '', n: came.done.length, m: came.all }
    if (came.done.length === came.all) return t(came.all > 1 ? all : one, counts)
    await this.tell(t(came.away ? rest : some, counts), came.failed.map((failed) => ({ ...failed, one: bookingOf(failed.one) })))
    return null
  }

  /** Of several it went wrong with some: what is the same of them once, with its dates. */
  async tell(told: string, failed: { one: Booked; problem: ProblemBody }[]): Promise<void> {
    const why = async ({ one, problem }: { one: Booked; problem: ProblemBody }) => {
      const now = await meanwhile(problem, one.id)
      const said = problem.reasons?.length ? problem.reasons.map((reason) => reason.message) : [problem.detail]
      return { date: one.local_date, time: timeOf(one), said: now ? [t(isSame(now, one.state) ? 'dateChanged' : 'dateOvertaken', { state: stateOf(now) })] : said }
    }
    this.note = { told, failures: gathered(await Promise.all(failed.map(why))) }
  }
}

/** `before`: the state it was thought to be in. */
export function overtaken(now: Booked, names: Names, before: string): string {
  return t(isSame(now, before) ? 'overtakenChanged' : 'overtaken', { title: nameOf(now), state: stateOf(now), told: toldOf(now, names) })
}

const isDeclined = (one: Booked) => one.state === 'rejected' && one.reason_code === 'declined'
const stateOf = (one: Booked) => tr('state', isDeclined(one) ? 'declined' : one.state)
const isSame = (now: Booked, before: string) => now.state === before && !isDeclined(now)
