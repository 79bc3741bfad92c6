// Every screen: where it is, what it is called, who is offered it, and how it is fetched. The menu is made from this.
import type { Component } from 'svelte'
import DayPage from '../pages/DayPage.svelte'
import Today from '../pages/Today.svelte'
import { house } from './house.svelte'
import type { Key } from './nb'
import type { SquareInfo } from './types'

export type Screen = Component<{ square: SquareInfo }>

export interface Route {
  path: string
  title: Key
  /** What it is called beside those below it, where that differs. */
  beside?: Key
  /** Where it is found: in the menu, or below the entry of the menu with this path. */
  under: 'menu' | string
  shown: () => boolean
  load: () => Screen | Promise<{ default: Screen }>
}

const always = () => true

export const ROUTES: Route[] = [
  { path: '/', title: 'today', under: 'menu', shown: always, load: () => Today },
  { path: '/day', title: 'day', under: 'menu', shown: always, load: () => DayPage },
  { path: '/visitors', title: 'visitors', under: 'menu', shown: () => house.mayReadFigures, load: () => import('../pages/Visitors.svelte') },
  { path: '/rooms', title: 'roomsMenu', beside: 'findRoom', under: 'menu', shown: always, load: () => import('../pages/FindRoom.svelte') },
  { path: '/inbox', title: 'inbox', under: '/rooms', shown: () => house.mayBook, load: () => import('../pages/Inbox.svelte') },
  { path: '/house', title: 'houseTitle', under: '/rooms', shown: always, load: () => import('../pages/Rooms.svelte') },
  { path: '/season', title: 'seasonTitle', under: '/rooms', shown: () => house.mayBook, load: () => import('../pages/Season.svelte') },
  { path: '/feeds', title: 'feedsTitle', under: '/rooms', shown: () => house.mayBook, load: () => import('../pages/Feeds.svelte') },
  { path: '/closures', title: 'closuresTitle', under: '/rooms', shown: always, load: () => import('../pages/Closures.svelte') },
  { path: '/unit', title: 'myUnit', under: 'menu', shown: () => house.mayBook, load: () => import('../pages/Workplace.svelte') },
  { path: '/status', title: 'status', under: 'menu', shown: always, load: () => import('../pages/StatusPage.svelte') },
]

export function routeOf(path: string): Route {
  return ROUTES.find((route) => route.path === path) ?? (ROUTES[0] as Route)
}

/** The entries beside a screen that is not in the menu itself, its own included; none for a screen on its own. */
export function siblings(route: Route): Route[] {
  const head = route.under === 'menu' ? route.path : route.under
  const below = ROUTES.filter((one) => one.under === head)
  return below.length ? [routeOf(head), ...below].filter((one) => one.shown()) : []
}

/** The entry of the menu a screen belongs to. */
export function entryOf(route: Route): string {
  return route.under === 'menu' ? route.path : route.under
}
