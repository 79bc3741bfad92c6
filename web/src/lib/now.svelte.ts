// What time it is in the house: this machine's, or where the test clock stands while a demo plays a day.

const LOOK_MS = 20_000

class Now {
  held = $state.raw<Date | null>(null)
  private real = $state.raw(new Date())
  at = $derived(this.held ?? this.real)

  constructor() {
    setInterval(() => (this.real = new Date()), LOOK_MS)
  }

  hold(clock: string | null | undefined): void {
    this.real = new Date()
    this.held = clock ? new Date(clock) : null
  }
}

export const now = new Now()
