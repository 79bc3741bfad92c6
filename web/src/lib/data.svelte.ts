// What a screen shows, kept fresh: fetched, fetched again when the stream says so, and kept when nobody answers.
import { Away, get, Refused } from './api'
import { live, type Change } from './live.svelte'

const SLOWEST_MS = 15_000
const TOGETHER_MS = 60

export class Fresh<T> {
  value = $state.raw<T | null>(null)
  /** When the value was fetched. */
  at = $state<Date | null>(null)
  away = $state(false)
  refused = $state<Refused | null>(null)
  private path = ''
  private timer: ReturnType<typeof setTimeout> | undefined
  private urgent = false
  private turn = 0

  constructor(private readonly concerns: (change: Change) => boolean) {}

  /** Call inside an effect; the answer ends it. */
  follow(path: string): () => void {
    if (path !== this.path) {
      this.path = path
      this.refused = null
    }
    void this.fetch()
    const stop = live.on((change) => {
      if (change === 'everything' || this.concerns(change)) this.soon(TOGETHER_MS)
    })
    return () => {
      stop()
      clearTimeout(this.timer)
      this.urgent = false
      this.turn += 1
    }
  }

  async fetch(): Promise<void> {
    const turn = ++this.turn
    try {
      const value = await get<T>(this.path)
      if (turn !== this.turn) return
      this.value = value
      this.at = new Date()
      this.away = false
      this.refused = null
    } catch (error) {
      if (turn !== this.turn) return
      if (error instanceof Refused) {
        this.refused = error
        if (error.problem.status === 401) dispatchEvent(new Event('torg-signed-out'))
      } else if (error instanceof Away) this.away = true
      else throw error
    }
    this.soon(this.away ? 2_000 : SLOWEST_MS)
  }

  /** A change that comes while an older answer is on its way must not be forgotten when that arrives, nor put off by
      the next change. */
  private soon(ms: number): void {
    if (this.urgent) return
    this.urgent = ms < SLOWEST_MS
    clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      this.urgent = false
      void this.fetch()
    }, ms)
  }
}
