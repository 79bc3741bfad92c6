// Opening hours in one line each.
import { RULES, type Period, type Rule, type Span } from './hours'
import { reader, t, tr } from './i18n.svelte'
import { shortDate, weekday } from './time'

const COUNTS = new Set<string>(RULES.slice(2))

/** "Vanlige uker: man.–fre. 08:00–22:00 betjent". */
export function periodSaid(period: Period): string {
  const groups = period.groups.map((group) => [group.spans.map(spanSaid).join(', '), group.rules.map(ruleSaid).join(', ')].filter(Boolean).join(' – '))
  const name = period.name || t(period.override ? 'overridePeriod' : 'usualPeriod')
  return `${[name, datesSaid(period)].filter(Boolean).join(' ')}: ${groups.filter(Boolean).join('; ') || '–'}`
}

function datesSaid({ start_date: first, end_date: last }: Period): string {
  const said = (date: string) => `${shortDate(date, reader.locale)} ${date.slice(0, 4)}`
  if (first && first === last) return said(first)
  return first || last ? `${first ? said(first) : '…'}–${last ? said(last) : '…'}` : ''
}

export function spanSaid(span: Span): string {
  const time = span.full_day ? t('fullDay') : `${span.start ?? ''}–${span.end ?? ''}${span.end_next_day && span.end !== '00:00' ? ` ${t('endNextDay')}` : ''}`
  return [daysSaid(span.weekdays), time, t(span.state)].filter(Boolean).join(' ')
}

/** Days that follow each other as one: "man.–fre., søn.". */
function daysSaid(days: number[] | null): string {
  if (!days) return ''
  const short = (day: number) => weekday(day, reader.locale, 'short')
  const runs: [number, number][] = []
  for (const day of [...days].sort()) {
    const last = runs.at(-1)
    if (last && last[1] === day - 1) last[1] = day
    else runs.push([day, day])
  }
  return runs.map(([from, to]) => (from === to ? short(from) : `${short(from)}–${short(to)}`)).join(', ')
}

const ruleSaid = (rule: Rule) => (COUNTS.has(rule.kind) ? `${tr('rule', rule.kind)} (n = ${rule.n ?? '?'})` : tr('rule', rule.kind))
