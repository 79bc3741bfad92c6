// Who is signed in, which square is shown, and what the screens say to the reader.
import { get } from './api'
import { reader } from './i18n.svelte'
import { live } from './live.svelte'
import { now } from './now.svelte'
import { router } from './router.svelte'
import type { Session, SquareInfo } from './types'

export interface Toast {
  id: number
  text: string
  /** May say in its own words what has come of it. */
  undo?: () => Promise<void | string>
}

const STORE = 'torg-square'
const BOOKING_ROLES = new Set(['front_line', 'unit_editor', 'house_manager', 'multi_square_manager', 'admin'])
const EDITOR_ROLES = new Set(['unit_editor', 'house_manager', 'multi_square_manager', 'admin'])
const DECIDER_ROLES = new Set(['house_manager', 'multi_square_manager', 'admin'])
const FIGURE_ROLES = new Set([...BOOKING_ROLES, 'statistics_reader', 'user_council_reader', 'auditor'])

class House {
  session = $state.raw<Session | null>(null)
  away = $state(false)
  toasts = $state<Toast[]>([])
  said = $state('')
  private nextToast = 1

  squares = $derived(this.session?.squares ?? [])
  square = $derived.by<SquareInfo | null>(() => {
    const wanted = router.query.get('square') ?? localStorage.getItem(STORE)
    return this.squares.find((one) => one.id === wanted) ?? this.squares[0] ?? null
  })
  roles = $derived(new Set((this.session?.user?.roles ?? []).map(([role]) => role)))
  scopes = $derived(new Set((this.session?.user?.roles ?? []).map(([, scope]) => scope)))
  mayBook = $derived([...this.roles].some((role) => BOOKING_ROLES.has(role)))
  /** Closes rooms, decides requests, sets hours and policies. */
  mayDecide = $derived([...this.roles].some((role) => DECIDER_ROLES.has(role)))
  mayReadFigures = $derived([...this.roles].some((role) => FIGURE_ROLES.has(role)))
  maySeeLetters = $derived(this.roles.has('admin') || this.roles.has('auditor'))

  /** Whether the reader decides in all of the square. */
  manages(square: string): boolean {
    return this.holds(DECIDER_ROLES, null, square)
  }

  /** Whether the reader may book in the unit's name; of no unit's, in the square's. */
  mayBookFor(unit_id: string | null | undefined, square: string): boolean {
    return this.holds(BOOKING_ROLES, unit_id, square)
  }

  /** Whether the reader may edit what is the unit's own; null: what is the square's. */
  mayEdit(unit_id: string | null): boolean {
    return this.holds(EDITOR_ROLES, unit_id)
  }

  /** Whether the reader decides about what is the unit's own; null: about what is the square's. */
  decidesFor(unit_id: string | null): boolean {
    return this.holds(DECIDER_ROLES, unit_id)
  }

  /** In whose name the reader books: a unit's where that is all the reader is, else in nobody's. */
  booksFor(units: string[]): string | null {
    const mine = (this.session?.user?.roles ?? []).filter(([role]) => BOOKING_ROLES.has(role)).map(([, scope]) => scope)
    return mine.some((scope) => scope === '*' || scope === this.square?.id) ? null : (units.find((one) => mine.includes(one)) ?? null)
  }

  private holds(roles: Set<string>, unit_id: string | null | undefined, square = this.square?.id): boolean {
    const covers = new Set(['*', unit_id, square])
    return (this.session?.user?.roles ?? []).some(([role, scope]) => roles.has(role) && covers.has(scope))
  }

  async load(): Promise<void> {
    try {
      this.session = await get<Session>('/api/portal/session')
      now.hold(this.session.clock)
      reader.unitKinds = this.session.unit_kinds ?? {}
      this.away = false
    } catch { // shown as away, and asked again
      this.away = true
    }
    const known = this.session?.signed_in ? this.session.squares_known !== false : true
    if (this.away || !known) setTimeout(() => void this.load(), 2000)
    if (this.square) live.follow(this.square.id)
  }

  choose(square: string): void {
    localStorage.setItem(STORE, square)
    router.go(router.href(router.path, { square }))
    live.follow(square)
  }

  /** Read out by screen readers. */
  say(text: string): void {
    this.said = ''
    setTimeout(() => (this.said = text), 30)
  }

  toast(text: string, undo?: () => Promise<void | string>): void {
    const id = this.nextToast++
    this.toasts = [...this.toasts.slice(-2), undo ? { id, text, undo } : { id, text }]
    this.say(text)
    setTimeout(() => this.dismiss(id), undo ? 20_000 : 8_000)
  }

  dismiss(id: number): void {
    this.toasts = this.toasts.filter((toast) => toast.id !== id)
  }
}

export const house = new House()
