// A job's page: follows the job live, and sends what its buttons say.
import { Ansi } from './ansi.js'
import { LogSearch } from './logsearch.js'
import { localizeTimes, send, showError, signIn } from './console.js'

const job = document.getElementById('job')
const log = document.getElementById('log')
const note = document.getElementById('log-note')
const hold = document.getElementById('hold')

// A block of lines is laid out only when it is looked at.
const blockLines = 250
// What a page keeps at most: a script may print for days.
const mostLines = 200_000

const ansi = new Ansi()
const lines = []
let pending = []
let block = null
let blockLength = 0
let dropped = 0
let isHeld = false
let isDrawing = false
let hasEnded = false

// What the search looks at: the lines that are shown, counted from the first one that the script has printed.
const search = new LogSearch(log, {
  first: () => dropped,
  end: () => dropped + lines.length - pending.length,
  text: line => Ansi.plain(lines[line - dropped]),
  placeOf: line => ({ block: log.children[Math.floor((line - dropped) / blockLines)], begin: line - (line - dropped) % blockLines }),
})

function add(line) {
  lines.push(line)
  pending.push(line)
  if (!isDrawing) {
    isDrawing = true
    requestAnimationFrame(draw)
  }
}

function draw() {
  isDrawing = false
  if (isHeld) {
    hold.textContent = `Follow (${pending.length} new)`
    describe()
    return
  }
  const wasAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40
  for (const line of pending) {
    if (block === null || blockLength === blockLines) {
      block = document.createElement('div')
      block.className = 'block'
      blockLength = 0
      log.append(block)
    }
    ansi.append(block, line)
    block.append(document.createTextNode('\n'))
    blockLength++
  }
  pending = []
  while (lines.length > mostLines + blockLines) {
    log.firstChild.remove()
    lines.splice(0, blockLines)
    dropped += blockLines
  }
  search.update()
  if (wasAtEnd) log.scrollTop = log.scrollHeight
  describe()
}

function describe() {
  const count = lines.length + dropped
  const held = isHeld && pending.length > 0 ? `; the last ${pending.length.toLocaleString()} are held back, and not searched` : ''
  note.textContent =
    count === 0 ? (hasEnded ? 'It has printed nothing.' : 'It has printed nothing yet.')
    : `${count.toLocaleString()} ${count === 1 ? 'line' : 'lines'}${hasEnded ? '' : ' so far'}${dropped > 0 ? `; the first ${dropped.toLocaleString()} are not shown` : ''}${held}`
}

hold.addEventListener('click', () => {
  isHeld = !isHeld
  hold.setAttribute('aria-pressed', String(isHeld))
  hold.textContent = isHeld ? 'Follow' : 'Hold'
  if (!isHeld) {
    draw()
    log.scrollTop = log.scrollHeight
  }
})

document.getElementById('download').addEventListener('click', () => {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([lines.map(line => `${Ansi.plain(line)}\n`).join('')], { type: 'text/plain' }))
  link.download = `${job.dataset.job}.log`
  link.click()
  URL.revokeObjectURL(link.href)
})

let asked = 0
let shown = 0

/** Takes over what the server says of the job now. All but the log. */
async function refresh() {
  const turn = ++asked
  const response = await fetch(location.href, { headers: { Accept: 'text/html' } }).catch(() => null)
  if (response?.redirected) {
    signIn()
    return
  }
  if (!response?.ok) {
    // Soon a gateway may answer. What else would ask again has perhaps been told all that there is.
    if (turn === asked && (response === null || response.status >= 500)) setTimeout(refresh, 1000)
    return
  }
  const page = new DOMParser().parseFromString(await response.text(), 'text/html')
  // An answer may be overtaken by a later one.
  if (turn < shown) return
  shown = turn
  for (const id of ['job-head', 'job-facts', 'job-answer']) {
    const fresh = page.getElementById(id)
    if (fresh) document.getElementById(id).replaceWith(document.importNode(fresh, true))
  }
  localizeTimes(job)
}

function follow() {
  const events = new EventSource(new URL(`api/jobs/${job.dataset.job}/events`, document.baseURI))
  events.addEventListener('log', event => add(event.data))
  events.addEventListener('lifecycle', event => {
    // It may have changed since the page was made.
    if (JSON.parse(event.data).lifecycle !== document.getElementById('job-state').dataset.lifecycle) refresh()
  })
  events.addEventListener('result', () => {
    events.close()
    hasEnded = true
    requestAnimationFrame(describe)
    if (document.getElementById('job-state').dataset.ended !== 'true') refresh()
  })
  events.addEventListener('problem', event => {
    const problem = JSON.parse(event.data)
    // The stream has ended, and the job goes on: the browser asks again, and goes on where it was.
    if (problem.statusCode === 503 || problem.statusCode === 504) return
    events.close()
    if (problem.statusCode === 401) signIn()
    else showError(document.getElementById('job-error'), new Error(problem.detail))
  })
  events.addEventListener('open', describe)
  events.addEventListener('error', () => {
    if (events.readyState === EventSource.CLOSED) refused()
    else note.textContent = 'The connection is lost. Trying again…'
  })
}

/** The browser does not ask again by itself if the answer was none of events. */
async function refused() {
  const response = await fetch(location.href, { headers: { Accept: 'text/html' } }).catch(() => null)
  if (response?.redirected) {
    signIn()
    return
  }
  note.textContent = 'The log can not be followed at the moment. Trying again…'
  setTimeout(() => {
    lines.length = pending.length = blockLength = dropped = 0
    block = null
    ansi.reset()
    log.replaceChildren()
    search.restart()
    follow()
  }, 3000)
}

// The buttons are replaced as the job goes on.
document.addEventListener('click', async event => {
  const button = event.target.closest('[data-cancel], [data-again]')
  if (!button) return
  const error = document.getElementById('job-error')
  error.hidden = true
  button.disabled = true
  try {
    if (button.dataset.again) {
      const response = await send(button.dataset.again)
      location.assign(new URL(`jobs/${response.headers.get('Job-Id')}`, document.baseURI))
    } else {
      button.textContent = 'Canceling…'
      await send(button.dataset.cancel)
      await refresh()
    }
  } catch (reason) {
    await refresh()
    showError(error, reason)
    button.disabled = false
  }
})

follow()
