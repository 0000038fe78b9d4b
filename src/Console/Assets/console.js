// What all pages share: times in the browser's own zone, search in lists, copying, and requests that change something.

export function localizeTimes(root) {
  for (const time of root.querySelectorAll('time')) {
    const at = new Date(time.dateTime)
    time.textContent = at.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
    time.title = time.dateTime
  }
}

/** Sends a changing request. Throws an Error with the server's reason, and with its errors of single arguments. */
export async function send(path, body) {
  const headers = { 'Form-Token': document.querySelector('meta[name=form-token]').content, Prefer: 'respond-async' }
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  let response
  try {
    response = await fetch(path, { method: 'POST', headers, body })
  } catch {
    throw new Error('The server can not be reached. Try again.')
  }
  if (response.status === 401) {
    signIn()
    throw new Error('Your session has ended. Sign in again.')
  }
  if (!response.ok) throw await reasonOf(response)
  return response
}

async function reasonOf(response) {
  try {
    const { detail, errors } = await response.json()
    return Object.assign(new Error(detail ?? response.statusText), { errors })
  } catch {
    return new Error(`${response.status} ${response.statusText}`)
  }
}

/** The server answers a page without a session with the sign-in page, which leads back here. */
export function signIn() {
  location.reload()
}

export function showError(element, error) {
  element.textContent = error.message
  element.hidden = false
}

function notify(text) {
  const notice = document.getElementById('notice')
  notice.textContent = text
  setTimeout(() => { notice.textContent = '' }, 2500)
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
    notify('Copied')
  } catch {
    notify('The browser does not let this page copy. Select the text instead.')
  }
}

document.addEventListener('click', event => {
  const button = event.target.closest('[data-copy], [data-copy-text]')
  if (button) copy(button.dataset.copyText ?? document.getElementById(button.dataset.copy).textContent)
})

for (const search of document.querySelectorAll('[data-filters]')) {
  const list = document.getElementById(search.dataset.filters)
  search.addEventListener('input', () => {
    const wanted = search.value.trim().toLowerCase()
    let found = false
    for (const row of list.children) {
      row.hidden = ![...row.querySelectorAll(search.dataset.in)].some(part => part.textContent.toLowerCase().includes(wanted))
      found ||= !row.hidden
    }
    document.getElementById(`${list.id}-none`).hidden = found
  })
}

localizeTimes(document)
