// Speaking with the portal: JSON, the reader's language, the version seen, and problems as errors.
import { reader } from './i18n.svelte'
import type { ProblemBody } from './types'

export class Refused extends Error {
  constructor(readonly problem: ProblemBody) {
    super(problem.detail || problem.code)
  }
}

/** No answer at all, or one that says to try again later. */
export class Away extends Error {}

export interface Answer<T> {
  body: T
  status: number
  version: number | null
}

export async function call<T>(method: string, path: string, body?: unknown, version?: number | null): Promise<Answer<T>> {
  const headers: Record<string, string> = { 'Accept-Language': reader.language, Accept: 'application/json' }
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  if (version != null) headers['If-Match'] = `"${version}"`
  const init: RequestInit = { method, headers, credentials: 'same-origin', signal: AbortSignal.timeout(15_000) }
  if (body !== undefined) init.body = JSON.stringify(body)
  let answer: Response
  try {
    answer = await fetch(path, init)
  } catch { // whatever fetch throws, nobody answered
    throw new Away()
  }
  if (answer.status >= 500) throw new Away()
  const json = (await answer.json().catch(() => ({}))) as T & ProblemBody
  if (!answer.ok) throw new Refused({ ...json, status: answer.status, code: json.code ?? String(answer.status) })
  const tag = answer.headers.get('etag')?.replaceAll('"', '') ?? ''
  return { body: json, status: answer.status, version: /^\d+$/.test(tag) ? Number(tag) : null }
}

export async function get<T>(path: string): Promise<T> {
  return (await call<T>('GET', path)).body
}

/** UUID version 7: made here, so that a command can be sent again after a lost answer. */
export function uuid7(now = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  for (let i = 0; i < 6; i++) bytes[i] = Math.floor(now / 2 ** (8 * (5 - i))) & 0xff
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
