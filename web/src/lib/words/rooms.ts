// What the screens about rooms, requests, closures and seasons say, in both languages side by side.
export const nb = {} as const

export const en: Record<keyof typeof nb, string> = {}
