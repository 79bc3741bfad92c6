// What an item of the calendar is called, and what is worth saying beside its name. Whatever kinds there will be, each
// has a name.
import { reader, t, tr } from './i18n.svelte'
import type { Key } from './nb'
import type { Item, Unit } from './types'

const OVER = new Set(['cancelled', 'completed', 'served'])
/** What stands in no room: it is shown by unit. */
export const STAFFING = new Set(['shift', 'presence'])
/** What is booked, and so can be looked into and moved. */
export const BOOKED = new Set(['booking', 'occurrence'])
/** What takes no room any more, and cannot be moved. */
export const GONE = new Set(['cancelled', 'rejected', 'expired', 'released'])

export function floorName(floor: string | null): string {
  return floor === null ? t('noFloor') : floor === '0' ? t('floor0') : t('floor', { n: floor })
}

export function itemName(item: Item, unit?: Unit): string {
  if (item.masked) return t('busy')
  const title = (reader.language === 'en' && item.title_en) || item.title
  if (item.kind === 'closure') return t('closures')
  if (item.kind === 'shift') return t('shiftOf', { role: tr('shiftRole', item.role ?? 'other') })
  if (item.kind === 'presence') return t('deskPresent', { unit: unit ? tr('unitKind', unit.kind) : '' })
  if (item.kind === 'meal') return t(`mealOf_${item.serving ?? 'cafe'}` as Key, { menu: title ?? '' })
  return title || t('untitled')
}

/** How many a shift that is not over still lacks. */
export function missing(item: Item): number {
  if (item.kind !== 'shift' || OVER.has(item.state)) return 0
  return Math.max(0, (item.needed ?? 0) - (item.confirmed ?? 0))
}

/** Said in words, so that no colour has to: "1 av 2 ⚠ mangler 1", "42 porsjoner · 130 kr". */
export function aside(item: Item): string {
  if (item.kind === 'shift') {
    const filled = t('shiftFilled', { n: item.confirmed ?? 0, m: item.needed ?? 0 })
    return missing(item) ? `${filled} ⚠ ${t('shiftMissing', { n: missing(item) })}` : filled
  }
  if (item.kind === 'meal') {
    const served = item.portions_served ?? null
    const portions = served === null ? t('portionsShort', { n: item.portions_planned ?? 0 }) : t('portionsServed', { n: served, m: item.portions_planned ?? 0 })
    return [portions, item.price_nok ? t('krone', { n: item.price_nok }) : ''].filter(Boolean).join(' · ')
  }
  return ''
}
