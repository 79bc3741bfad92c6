// Where the keyboard goes on when what it stood on is gone: a row that was taken away, a button that waits for an answer.
// Without it the next key begins at the top of the page.

const REACHED = 'a[href], button:not([disabled]), input:not([disabled]), select:not([disabled]), textarea:not([disabled]), summary, [tabindex]'

/** Watches the whole document; hands back what ends it. */
export function keepFocus(page: Document): () => void {
  let last: Element | null = null
  const note = (event: FocusEvent) => (last = event.target as Element)
  const watch = new MutationObserver((changes) => {
    if (!last || (page.activeElement && page.activeElement !== page.body)) return
    const lost = last
    const back = lost.isConnected && changes.some((one) => one.target === lost && !lost.hasAttribute('disabled'))
    const gone = changes.find((one) => [...one.removedNodes].some((node) => node.contains(lost)))
    // A screen that knows better where to go on does so at once.
    if (back || gone) setTimeout(() => page.activeElement === page.body && reach(back ? lost : gone ? nearest(gone) : null))
  })
  page.addEventListener('focusin', note)
  watch.observe(page.body, { childList: true, subtree: true, attributeFilter: ['disabled'] })
  return () => {
    page.removeEventListener('focusin', note)
    watch.disconnect()
  }
}

/** In the row after it, else in the one before, else the heading of what it stood in. */
function nearest(gone: MutationRecord): Element | null {
  const after = beside(gone.nextSibling, (node) => node.nextSibling)
  const before = beside(gone.previousSibling, (node) => node.previousSibling)
  for (const row of [after, before]) {
    const found = row && (row.matches(REACHED) ? row : row.querySelector(REACHED))
    if (found) return found
  }
  const around = (gone.target as Element).closest('dialog[open], section, main')
  return around?.querySelector('h1, h2, h3') ?? null
}

function beside(node: Node | null, next: (node: Node) => Node | null): Element | null {
  for (let at = node; at; at = next(at)) if (at instanceof Element) return at
  return null
}

function reach(found: Element | null): void {
  if (!(found instanceof HTMLElement)) return
  if (!found.matches(REACHED)) found.tabIndex = -1
  found.focus({ preventScroll: true })
}
