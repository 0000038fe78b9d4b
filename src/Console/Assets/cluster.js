// The page of the cluster: takes over what the server says now, every few seconds, while it is looked at.
import { localizeTimes, signIn } from './console.js'

const interval = 5000
const longestPause = 60_000
let pause = interval
let timer = 0

async function refresh() {
  const response = await fetch(new URL('cluster', document.baseURI), { headers: { Accept: 'text/html' } })
  if (response.redirected) return signIn()
  if (!response.ok) throw new Error(response.statusText)
  const page = new DOMParser().parseFromString(await response.text(), 'text/html')
  const focused = document.activeElement?.id
  for (const id of ['cluster', 'cluster-at']) {
    const fresh = document.importNode(page.getElementById(id), true)
    localizeTimes(fresh)
    document.getElementById(id).replaceWith(fresh)
  }
  // Who goes through the page with the keyboard goes on where he was.
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus({ preventScroll: true })
}

function plan() {
  clearTimeout(timer)
  if (document.hidden) return
  timer = setTimeout(async () => {
    try {
      await refresh()
      pause = interval
    } catch {
      pause = Math.min(2 * pause, longestPause)
      document.getElementById('cluster-at').textContent = 'The page can not be brought up to date at the moment. Trying again…'
    }
    plan()
  }, pause)
}

document.addEventListener('visibilitychange', plan)
plan()
