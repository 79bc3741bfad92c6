// What the units' workplaces say, in both languages side by side.
export const nb = {
  myUnit: 'Min enhet',
} as const

export const en: Record<keyof typeof nb, string> = {
  myUnit: 'My unit',
}
