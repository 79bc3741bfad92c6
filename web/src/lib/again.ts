// Reading anew when the house changes: at most once at a time, however many changes come.
import { live } from './live.svelte'

/** Asked for while it runs, the work runs once more after that; who asked then waits for that one. */
export function again(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null
  let next: Promise<void> | null = null
  const run = () => (running = work().finally(() => (running = null)))
  return () => {
    if (!running) return run()
    next ??= running.catch(() => undefined).then(() => { // who asked for that one is told of its fault
      next = null
      return run()
    })
    return next
  }
}

const readers = new Set<() => Promise<void>>()

/** Inside an effect: now, and whenever the calendar of the square changes. The answer ends it. */
export function whenChanged(square: string, read: () => Promise<void>): () => void {
  readers.add(read)
  void read()
  const stop = live.on((change) => {
    if (change === 'everything' || (change.square_id === square && change.view === 'calendar')) void read()
  })
  return () => {
    stop()
    readers.delete(read)
  }
}

/** What was done in one place concerns the others too, and nobody may be there to tell them. */
export async function readAll(): Promise<void> {
  await Promise.all([...readers].map((read) => read()))
}
