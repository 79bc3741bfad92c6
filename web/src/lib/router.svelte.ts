// Where the reader is: the path names the screen, the query holds what it shows, so that every view can be linked to.

class Router {
  path = $state(location.pathname)
  query = $state(new URLSearchParams(location.search))

  constructor() {
    addEventListener('popstate', () => this.read())
  }

  get(name: string): string | null {
    return this.query.get(name)
  }

  href(path: string, changes: Record<string, string | null> = {}): string {
    const kept = new URLSearchParams()
    const square = this.query.get('square')
    if (square) kept.set('square', square)
    if (path === this.path) for (const [name, value] of this.query) kept.set(name, value)
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) kept.delete(name)
      else kept.set(name, value)
    }
    const query = kept.toString()
    return query ? `${path}?${query}` : path
  }

  go(href: string, replace = false): void {
    if (replace) history.replaceState(null, '', href)
    else history.pushState(null, '', href)
    this.read()
  }

  private read(): void {
    this.path = location.pathname
    this.query = new URLSearchParams(location.search)
  }
}

export const router = new Router()

/** Follows links inside the app without loading the page anew; leaves new tabs and foreign links alone. */
export function followLinks(event: MouseEvent): void {
  const link = (event.target as Element | null)?.closest('a')
  if (!link || event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return
  if (link.origin !== location.origin || link.hasAttribute('download') || link.dataset['reload'] !== undefined) return
  event.preventDefault()
  router.go(link.pathname + link.search)
  document.querySelector<HTMLElement>('main h1')?.focus()
}
