// One live stream for all tabs of this browser: the tab that holds the lock reads it and passes it on. (Over HTTP/1.1 a
// browser has six connections to a site, and a stream in each tab would use them up.)
import { now } from './now.svelte'

export interface Change {
  seq: number
  square_id: string | null
  view: string
  dates?: string[]
}

type Listener = (change: Change | 'everything') => void
type Told = Change | { clock: string | null } | 'everything' | 'up' | 'down'

const REOPEN_MS = 4_000

class Live {
  connected = $state(false)
  private listeners = new Set<Listener>()
  private square: string | null = null
  private end: (() => void) | null = null

  on(listener: Listener): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  follow(square: string): void {
    if (square === this.square) return
    this.end?.()
    this.square = square
    const ended = new AbortController()
    this.end = () => ended.abort()
    const channel = new BroadcastChannel(`torg-live-${square}`)
    ended.signal.addEventListener('abort', () => channel.close())
    channel.onmessage = (event: MessageEvent<Told>) => this.take(event.data)
    const lead = () => this.lead(square, channel, ended.signal)
    if ('locks' in navigator) {
      navigator.locks.request(`torg-live-${square}`, { signal: ended.signal }, lead).catch(() => undefined) // the wait for the lock was ended
      channel.postMessage('ask')
    } else {
      void lead()
    }
  }

  private lead(square: string, channel: BroadcastChannel, ended: AbortSignal): Promise<void> {
    return new Promise((done) => {
      const say = (message: Told) => {
        this.take(message)
        if (!ended.aborted) channel.postMessage(message)
      }
      let dropped = false
      let again: ReturnType<typeof setTimeout> | undefined
      let source: EventSource
      const open = () => {
        source = new EventSource(`/api/portal/stream?square=${encodeURIComponent(square)}`)
        source.onopen = () => {
          say('up')
          if (dropped) say('everything')
          dropped = false
        }
        source.onerror = () => {
          if (!dropped) say('everything')
          dropped = true
          say('down')
          // A refusal (a portal that is just starting, a proxy without it) ends the stream for good; a lost line does not.
          if (source.readyState === EventSource.CLOSED && !ended.aborted) again = setTimeout(open, REOPEN_MS)
        }
        source.addEventListener('change', (event) => say(JSON.parse((event as MessageEvent<string>).data) as Change))
        for (const name of ['hello', 'clock']) {
          source.addEventListener(name, (event) => {
            const { clock } = JSON.parse((event as MessageEvent<string>).data) as { clock: string | null }
            say({ clock })
          })
        }
        source.addEventListener('reset', () => say('everything'))
      }
      open()
      channel.onmessage = (event: MessageEvent<unknown>) => {
        if (event.data === 'ask') channel.postMessage(source.readyState === EventSource.OPEN ? 'up' : 'down')
      }
      ended.addEventListener('abort', () => {
        clearTimeout(again)
        source.close()
        this.connected = false
        done()
      })
    })
  }

  private take(message: Told | 'ask'): void {
    if (message === 'ask') return
    if (typeof message === 'object' && 'clock' in message) now.hold(message.clock)
    else if (message === 'up' || message === 'down') this.connected = message === 'up'
    else for (const listener of this.listeners) listener(message)
  }
}

export const live = new Live()
