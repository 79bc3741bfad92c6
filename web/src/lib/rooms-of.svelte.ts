// The rooms of one or more squares: read once, when they are needed.
import { Away, get, Refused } from './api'
import { house } from './house.svelte'
import type { Space, Unit } from './types'

const AGAIN_MS = 2_000

export class RoomsOf {
  private known = $state.raw<Record<string, Space[]>>({})
  private units = $state.raw<Record<string, Unit[]>>({})
  private asked = new Set<string>()

  /** Of several squares each room says which it is in. */
  of(squares: string[]): Space[] {
    const names = new Map(house.squares.map((one) => [one.id, one.name]))
    const told = (space: Space, square: string) => (squares.length > 1 && names.has(square) ? { ...space, name: `${space.name} (${names.get(square)})` } : space)
    return squares.flatMap((square) => (this.known[square] ?? []).map((space) => told(space, square)))
  }

  unitsOf = (squares: string[]): Unit[] => squares.flatMap((square) => this.units[square] ?? [])

  knows = (square: string): boolean => square in this.known

  need(squares: string[]): void {
    for (const square of squares) if (!this.asked.has(square)) void this.read(square)
  }

  /** A square that the reader may not see has no rooms here. */
  private async read(square: string): Promise<void> {
    this.asked.add(square)
    try {
      const { spaces, units } = await get<{ spaces: Space[]; units: Unit[] }>(`/api/aggregator/squares/${square}/resources`)
      this.known = { ...this.known, [square]: spaces }
      this.units = { ...this.units, [square]: units }
    } catch (error) {
      if (error instanceof Away) setTimeout(() => void this.read(square), AGAIN_MS)
      else if (!(error instanceof Refused)) throw error
    }
  }
}
