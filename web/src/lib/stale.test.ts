import { expect, it } from 'vitest'
import { apart, rebased, theirs } from './stale'

it('two versions differ where they say something else, not where they say it in another order', () => {
  const mine = { name: 'Salen', layouts: { seated: 4, standing: 9 }, floor: null }
  expect(apart(mine, { name: 'Storsalen', layouts: { standing: 9, seated: 4 }, version: 3 } as never)).toEqual(['name'])
})

it('what was saved meanwhile is told of a stale version alone', () => {
  const current = { version: 3 }
  expect(theirs({ status: 412, code: 'stale', detail: '', current })).toBe(current)
  expect(theirs({ status: 409, code: 'conflict', detail: '', current })).toBeUndefined()
})

it('what one typed stands above what others saved, and theirs where one typed nothing', () => {
  const before = { name: 'Salen', capacity: 10, prices: {} }
  expect(rebased(before, { ...before, name: 'Storsalen' }, { name: 'Salen', capacity: 77, prices: { business: 9 } })).toEqual({ name: 'Storsalen', capacity: 77, prices: { business: 9 } })
})
