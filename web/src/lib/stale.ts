// Two versions of one thing, when somebody else saved while this one was typed.
import type { ProblemBody } from './types'

/** What was saved meanwhile; nothing where that is not why it was refused. */
export function theirs<T>(problem: ProblemBody | null): T | undefined {
  return problem?.code === 'stale' ? (problem.current as T | undefined) : undefined
}

/** In which of the fields that are typed the two differ. */
export function apart<F extends string>(mine: Partial<Record<F, unknown>>, others: Partial<Record<F, unknown>>): F[] {
  return (Object.keys(mine) as F[]).filter((field) => same(mine[field]) !== same(others[field]))
}

/** What was typed, above what others saved: of what was not touched theirs stands. */
export function rebased<T extends object>(before: T, mine: T, others: T): T {
  const kept = Object.entries(mine).filter(([field, value]) => same(value) !== same(before[field as keyof T]))
  return { ...mine, ...others, ...Object.fromEntries(kept) }
}

/** Written with its keys in order: the same said in another order is the same. */
function same(value: unknown): string {
  return JSON.stringify(value ?? null, (_, inner: unknown) =>
    inner && typeof inner === 'object' && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner)
}
