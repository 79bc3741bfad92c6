// Lists that facility gives page by page.
import { get } from './api'

/** `more`: there is more than was read. */
export interface Listed<T> { found: T[]; more: boolean }

/** Reads on until it has `most` or all; `path` has a query. */
export async function pages<T>(path: string, name: string, most: number): Promise<Listed<T>> {
  const found: T[] = []
  let after: string | null = null
  do {
    const page: Record<string, unknown> = await get(after === null ? path : `${path}&after=${encodeURIComponent(after)}`)
    found.push(...(page[name] as T[]))
    after = page.next as string | null
  } while (after !== null && found.length < most)
  return { found, more: after !== null }
}
