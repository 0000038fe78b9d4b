// The list of jobs: unfinished ones change by themselves, newer ones are announced, and boxes choose.
import { localizeTimes } from './console.js'

const list = document.getElementById('jobs')
const news = document.getElementById('jobs-news')
const interval = 5000
const longestPause = 60_000
// From so many on the list need not be asked any more.
const mostNews = 20

let pause = interval
let newer = 0
let timer = 0

const rows = () => [...list.querySelectorAll('tr[data-job]')]

/** What a request asks for; null if nothing can change. */
function question() {
  const unfinished = rows().filter(row => row.dataset.unfinished).map(row => row.dataset.job)
  const asksForNews = list.dataset.newest && newer < mostNews
  if (unfinished.length === 0 && !asksForNews) return null
  const url = new URL(list.dataset.changes, document.baseURI)
  if (unfinished.length > 0) url.searchParams.set('jobs', unfinished.join(','))
  if (asksForNews) url.searchParams.set('since', list.querySelector('time')?.dateTime ?? '')
  return url
}

function show(job) {
  const row = list.querySelector(`tr[data-job="${job.id}"]`)
  if (!row) return
  const state = row.querySelector('.state')
  state.textContent = job.state
  state.className = `state ${job.class}`
  row.querySelector('.took').textContent = job.took
  if (job.class !== 'busy') delete row.dataset.unfinished
}

function say(text, path) {
  const part = path === undefined ? document.createTextNode(text) : Object.assign(document.createElement('a'), { href: path, textContent: text })
  news.replaceChildren(part)
}

async function ask(url) {
  const response = await fetch(url, { headers: { Accept: 'application/json' } })
  if (response.status === 401) return say('Your session has ended: sign in again', location.href)
  if (!response.ok) throw new Error(response.statusText)
  const changes = await response.json()
  changes.jobs.forEach(show)
  const shown = new Set(rows().map(row => row.dataset.job))
  const found = changes.newer.filter(id => !shown.has(id)).length
  if (pause > interval && newer === 0) news.replaceChildren()
  if (url.searchParams.has('since') && found > 0 && found !== newer) {
    newer = found
    say(`${found < mostNews ? found : `${mostNews} or more`} newer ${found === 1 ? 'job' : 'jobs'}: show`, news.dataset.path)
  }
  pause = interval
  plan()
}

function plan() {
  clearTimeout(timer)
  if (document.hidden) return
  timer = setTimeout(async () => {
    const url = question()
    if (url === null) return
    try {
      await ask(url)
    } catch {
      pause = Math.min(2 * pause, longestPause)
      if (newer === 0) say('The list can not be brought up to date at the moment. Trying again…')
      plan()
    }
  }, pause)
}

document.addEventListener('visibilitychange', plan)

// The ends of the range of time: shown in the browser's zone, sent in UTC.
const padded = (number, length = 2) => String(number).padStart(length, '0')
const moments = [...document.querySelectorAll('[data-moment]')].map(part => {
  const [day, time] = part.querySelectorAll('input')
  return { name: part.dataset.moment, at: part.dataset.at, isTo: part.dataset.moment === 'to', zone: part.querySelector('.zone'), day, time }
})

for (const { at: given, isTo, zone, day, time } of moments) {
  zone.remove()
  if (!given) continue
  const at = new Date(given)
  const isDay = at.getHours() + at.getMinutes() + at.getSeconds() === 0
  time.value = isDay ? '' : `${padded(at.getHours())}:${padded(at.getMinutes())}`
  // A day is over when the next one begins.
  if (isDay && isTo) at.setDate(at.getDate() - 1)
  day.value = `${padded(at.getFullYear(), 4)}-${padded(at.getMonth() + 1)}-${padded(at.getDate())}`
}

document.querySelector('form.filter').addEventListener('formdata', ({ formData }) => {
  for (const { name, isTo } of moments) {
    const [day, time] = [formData.get(name), formData.get(`${name}_time`)]
    const at = new Date(`${day}T${time || '00:00'}`)
    if (day === '' && time === '') formData.delete(name)
    // What is no time the server refuses, and says why.
    else if (Number.isNaN(at.getTime())) continue
    else {
      if (isTo && time === '') at.setDate(at.getDate() + 1)
      formData.set(name, at.toISOString().replace(':00.000Z', 'Z'))
    }
    formData.delete(`${name}_time`)
  }
})

const all = document.getElementById('choose-all')
if (all) {
  const boxes = [...list.querySelectorAll('input[name=job]')]
  const buttons = [...list.querySelectorAll('button[data-chosen]')]
  const count = () => {
    const chosen = boxes.filter(box => box.checked).length
    all.checked = chosen === boxes.length
    all.indeterminate = chosen > 0 && chosen < boxes.length
    for (const button of buttons) {
      button.disabled = chosen === 0
      button.textContent = chosen === 0 ? `${button.dataset.chosen} the chosen…` : `${button.dataset.chosen} ${chosen} ${chosen === 1 ? 'job' : 'jobs'}…`
    }
  }
  all.hidden = false
  document.getElementById('choose-all-link').hidden = true
  all.addEventListener('change', () => {
    for (const box of boxes) box.checked = all.checked
    count()
  })
  list.addEventListener('change', count)
  // Coming back with the browser's button restores the boxes without an event.
  addEventListener('pageshow', count)
  count()
}

localizeTimes(list)
plan()
