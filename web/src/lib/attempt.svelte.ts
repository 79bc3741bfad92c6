// What a screen asks of the services, and what it has to show while it is refused or nobody answers.
import { Away, Refused } from './api'
import type { ProblemBody } from './types'

type Work = () => Promise<unknown>

export class Attempt {
  problem = $state.raw<ProblemBody | null>(null)
  away = $state(false)
  /** A fault of our own, which is thrown on to be logged. */
  broken = $state(false)
  busy = $state(false)
  /** Whether the reader asked for what did not go well, and so looks for what came of it. */
  asked = $state(false)
  private running = 0

  /** Does what the reader asked for; what stood in the way before is forgotten. */
  run = async (work: Work): Promise<void> => {
    this.clear()
    this.busy = ++this.running > 0
    try {
      await work()
    } catch (error) {
      this.take(error)
    } finally {
      this.busy = --this.running > 0
    }
  }

  /** Reads afresh, within a run or unasked: what the reader was refused stays in sight. */
  look = async (work: Work): Promise<void> => {
    try {
      await work()
      this.away = false
    } catch (error) {
      this.take(error)
    }
  }

  take(error: unknown): void {
    this.asked = this.running > 0
    this.away = error instanceof Away
    this.problem = error instanceof Refused ? error.problem : null
    this.broken = !this.away && !this.problem
    if (this.broken) throw error
  }

  clear(): void {
    this.problem = null
    this.away = false
    this.broken = false
  }
}
