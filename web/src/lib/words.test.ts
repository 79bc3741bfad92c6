import { describe, expect, it } from 'vitest'

const written = import.meta.glob<string>(['./nb.ts', './words/*.ts'], { query: '?raw', import: 'default', eager: true })
const keysOf = (text: string) => [...(text.split('export const en')[0] ?? '').matchAll(/^ {2}(\w+): ['"`]/gm)].map((found) => found[1])

describe('words', () => {
  it('are said once each: a second one would silently stand in for the first', () => {
    const keys = Object.values(written).flatMap(keysOf)
    expect(keys.length).toBeGreaterThan(500)
    expect(keys.filter((key, place) => keys.indexOf(key) !== place)).toEqual([])
  })
})
