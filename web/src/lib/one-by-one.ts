// The same done to several, one by one.
import { Away, Refused } from './api'
import type { ProblemBody } from './types'

/** What became of `all`. `away`: nobody answered, and the rest was not tried. */
export interface Outcome<T> { all: number; done: T[]; failed: { one: T; problem: ProblemBody }[]; away: boolean }

/** What is refused does not keep back those after it, and one alone is thrown as from any call. `told`: how many are done
    with. */
export async function oneByOne<T>(those: T[], work: (one: T) => Promise<unknown>, told: (n: number) => void): Promise<Outcome<T>> {
  const outcome: Outcome<T> = { all: those.length, done: [], failed: [], away: false }
  for (const [n, one] of those.entries()) {
    told(n)
    try {
      await work(one)
      outcome.done.push(one)
    } catch (error) {
      if (outcome.all === 1) throw error
      if (error instanceof Away) return { ...outcome, away: true }
      if (!(error instanceof Refused)) throw error
      outcome.failed.push({ one, problem: error.problem })
    }
  }
  return outcome
}
