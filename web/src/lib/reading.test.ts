import { describe, expect, it, vi } from 'vitest'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
vi.stubGlobal('document', { documentElement: {} })
const { again } = await import('./again')
const { pages } = await import('./pages')

describe('a list in pages', () => {
  const answers = (...bodies: object[]) => {
    const asked = vi.fn<typeof fetch>()
    for (const body of bodies) asked.mockResolvedValueOnce(new Response(JSON.stringify(body)))
    vi.stubGlobal('fetch', asked)
    return () => asked.mock.calls.map(([path]) => path)
  }

  it('is read to its end', async () => {
    const paths = answers({ ones: [1, 2], next: '2026-12-01T10:00:00+01:00|2' }, { ones: [3], next: null })
    expect(await pages<number>('/list?a=1', 'ones', 100)).toEqual({ found: [1, 2, 3], more: false })
    expect(paths()).toEqual(['/list?a=1', '/list?a=1&after=2026-12-01T10%3A00%3A00%2B01%3A00%7C2'])
  })

  it('is read as far as is asked for, and says that there is more', async () => {
    const paths = answers({ ones: [1, 2], next: 'b' }, { ones: [3, 4], next: 'd' }, { ones: [5], next: null })
    expect(await pages<number>('/list?a=1', 'ones', 4)).toEqual({ found: [1, 2, 3, 4], more: true })
    expect(paths()).toHaveLength(2)
  })
})

describe('reading anew', () => {
  it('is done once more for all that came while it was done', async () => {
    const ends: (() => void)[] = []
    const work = vi.fn(() => new Promise<void>((end) => ends.push(end)))
    const read = again(work)
    const [first, second, third] = [read(), read(), read()]
    expect(work).toHaveBeenCalledTimes(1)
    ends[0]?.()
    await first
    await vi.waitFor(() => expect(work).toHaveBeenCalledTimes(2))
    ends[1]?.()
    await Promise.all([second, third])
    expect(work).toHaveBeenCalledTimes(2)
  })

  it('goes on after a reading that failed', async () => {
    const work = vi.fn<() => Promise<void>>().mockRejectedValueOnce(new Error('away')).mockResolvedValue(undefined)
    const read = again(work)
    const [first, second] = [read(), read()]
    await expect(first).rejects.toThrow('away')
    await second
    expect(work).toHaveBeenCalledTimes(2)
  })
})
