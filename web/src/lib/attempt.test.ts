import { describe, expect, it, vi } from 'vitest'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
vi.stubGlobal('document', { documentElement: {} })
const { Away, Refused } = await import('./api')
const { Attempt } = await import('./attempt.svelte')

const refusal = new Refused({ status: 409, code: 'conflict', detail: 'Opptatt' })
const refuse = () => Promise.reject(refusal)
const fine = () => Promise.resolve()

describe('attempt', () => {
  it('keeps what was refused in sight while the screen reads itself afresh, and forgets it at the next try', async () => {
    const tried = new Attempt()
    await tried.run(refuse)
    await tried.look(fine)
    expect(tried.problem?.code).toBe('conflict')
    await tried.run(fine)
    expect(tried.problem).toBeNull()
  })

  it('tells of a reading that fails after the command went well', async () => {
    const tried = new Attempt()
    await tried.run(() => tried.look(() => Promise.reject(new Away())))
    expect(tried.away).toBe(true)
    await tried.look(fine)
    expect(tried.away).toBe(false)
  })

  it('knows whether the reader asked for what was refused', async () => {
    const tried = new Attempt()
    await tried.look(refuse)
    expect(tried.asked).toBe(false)
    await tried.run(() => tried.look(refuse))
    expect(tried.asked).toBe(true)
  })

  it('is busy until the outermost work is done', async () => {
    const tried = new Attempt()
    const seen: boolean[] = []
    await tried.run(async () => {
      await tried.run(fine)
      seen.push(tried.busy)
    })
    expect([...seen, tried.busy]).toEqual([true, false])
  })

  it('throws a fault of our own on, and says that something went wrong', async () => {
    const tried = new Attempt()
    await expect(tried.run(() => Promise.reject(new TypeError('ours')))).rejects.toThrow('ours')
    expect([tried.broken, tried.busy]).toEqual([true, false])
  })
})
