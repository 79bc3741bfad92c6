// The reader's language: bokmål unless English was chosen here before.
import { en } from './en'
import { nb, type Dictionary, type Key } from './nb'

export type Language = 'nb' | 'en'
const DICTIONARIES: Record<Language, Dictionary> = { nb, en }
const STORE = 'torg-language'

class Reader {
  language = $state<Language>(localStorage.getItem(STORE) === 'en' ? 'en' : 'nb')
  /** How each kind of unit is called, as the house says: a kind that is added there has its name here. */
  unitKinds = $state.raw<Record<string, Record<Language, string>>>({})
  locale = $derived(this.language === 'en' ? 'en-GB' : 'nb-NO')

  choose(language: Language): void {
    this.language = language
    localStorage.setItem(STORE, language)
    document.documentElement.lang = language
  }
}

export const reader = new Reader()
document.documentElement.lang = reader.language

export function t(key: Key, values: Record<string, string | number> = {}): string {
  const text: string = DICTIONARIES[reader.language][key]
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''))
}

/** A key made of a prefix and what a service said; the bare word where there is none. */
export function tr(prefix: string, word: string): string {
  const called = prefix === 'unitKind' ? reader.unitKinds[word] : undefined
  if (called) return called[reader.language]
  const key = `${prefix}_${word}`
  return key in nb ? t(key as Key) : word
}
