// What the reader is to look at next.
import { tick } from 'svelte'
import type { Attachment } from 'svelte/attachments'

/** A long form is sent from its end: what came of it stands at its top. */
export const intoSight: Attachment<HTMLElement> = (told) => {
  if (told.closest('dialog')) told.scrollIntoView({ block: 'nearest' })
}

/** On any screen, where the reader waits for it; what a screen finds by itself moves nothing but in a dialog. */
export const ifAsked = (asked: boolean): Attachment<HTMLElement> => (asked ? (told) => told.scrollIntoView({ block: 'nearest' }) : intoSight)

/** Where the keyboard goes on. */
export const focused: Attachment<HTMLElement> = (told) => told.focus()

/** Who has done away with the entry he was at goes on at the one that took its place, or else at the last, or at `head`. */
export async function goOn(entries: HTMLElement | undefined, at: number, head: HTMLElement | undefined): Promise<void> {
  await tick()
  const lost = document.activeElement === null || document.activeElement === document.body
  const next = entries?.children[Math.min(at, entries.children.length - 1)] ?? head
  if (lost && next instanceof HTMLElement) next.focus()
}
