// A long form is sent from its end: what came of it stands at its top.
import type { Attachment } from 'svelte/attachments'

export const intoSight: Attachment<HTMLElement> = (told) => {
  if (told.closest('dialog')) told.scrollIntoView({ block: 'nearest' })
}
