// A weekly time and a wish for one, in words.
import { house } from './house.svelte'
import { reader, t, tr } from './i18n.svelte'
import type { Season, WeekTime, Wish } from './season'
import { weekday } from './time'

export function timed(time: WeekTime): string {
  return `${weekday(time.weekday, reader.locale)} ${time.start}–${time.end}${time.weeks === 'every' ? '' : ` (${tr('weeks', time.weeks)})`}`
}

/** With its other times, its rooms, `names` by their ids, what it needs of them, and what it says of noise and quiet. */
export function wished(one: Wish, season: Season, names: Map<string, string>): string {
  const rooms = one.space_ids.map((id) => names.get(id) ?? t('otherRoom')).join(t('or'))
  const said = [
    ...one.features.map((need) => tr('feature', need)), one.setup_minutes ? t('setupAs', { n: one.setup_minutes }) : '', one.teardown_minutes ? t('teardownAs', { n: one.teardown_minutes }) : '',
    one.noise_out == null ? '' : t('noiseAs', { n: one.noise_out }), one.quiet_need == null ? '' : t('quietAs', { n: one.quiet_need }),
  ]
  const sounds = said.filter(Boolean).join(', ')
  const times = [timed(one), ...one.alternatives.map((time) => timed({ ...time, weeks: 'every' }))].join(t('or'))
  return `${times}, ${rooms || anyOf(one, season)}${sounds && ` (${sounds})`}`
}

function anyOf(one: Wish, season: Season): string {
  const [square] = house.squares.filter(({ id }) => season.square_ids.length > 1 && one.square_ids.includes(id))
  return square ? t('anyRoomAt', { square: square.name }) : t('anyRoom')
}
