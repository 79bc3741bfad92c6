// One live stream for all tabs of this browser: the tab that holds the lock reads it and passes it on. (Over HTTP/1.1 a
// browser has six connections to a site, and a stream in each tab would use them up.)

export interface Change {
  seq: number
  square_id: string | null
  view: string
  dates?: string[]
}

type Listener = (change: Change | 'everything') => void

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
    channel.onmessage = (event: MessageEvent<Change | 'everything' | 'up' | 'down'>) => this.take(event.data)
    const lead = () => this.lead(square, channel, ended.signal)
    if ('locks' in navigator) {
      navigator.locks.request(`torg-live-${square}`, { signal: ended.signal }, lead).catch(() => undefined)
      channel.postMessage('ask')
    } else {
      void lead()
    }
  }

  private lead(square: string, channel: BroadcastChannel, ended: AbortSignal): Promise<void> {
    return new Promise((done) => {
      const source = new EventSource(`/api/portal/stream?square=${encodeURIComponent(square)}`)
      const say = (message: Change | 'everything' | 'up' | 'down') => {
        this.take(message)
        if (!ended.aborted) channel.postMessage(message)
      }
      let dropped = false
      source.onopen = () => {
        say('up')
        if (dropped) say('everything')
        dropped = false
      }
      source.onerror = () => {
        dropped = true
        say('down')
      }
      source.addEventListener('change', (event) => say(JSON.parse((event as MessageEvent<string>).data) as Change))
      source.addEventListener('reset', () => say('everything'))
      channel.onmessage = (event: MessageEvent<unknown>) => {
        if (event.data === 'ask') channel.postMessage(source.readyState === EventSource.OPEN ? 'up' : 'down')
      }
      ended.addEventListener('abort', () => {
        source.close()
        this.connected = false
        done()
      })
    })
  }

  private take(message: Change | 'everything' | 'up' | 'down' | 'ask'): void {
    if (message === 'ask') return
    if (message === 'up' || message === 'down') this.connected = message === 'up'
    else for (const listener of this.listeners) listener(message)
  }
}

export const live = new Live()
