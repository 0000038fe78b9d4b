// The form of a task: makes the call's arguments of its fields, shows the call as a line for curl, and runs it.
import { send, showError } from './console.js'

const form = document.getElementById('run')
const curl = document.getElementById('curl')
const error = document.getElementById('run-error')
const button = document.getElementById('run-button')
const long = document.getElementById('curl-long')
const files = new Map()

/** Each argument as JSON text: numbers keep all their digits. Throws an Error with what is wrong in which field. */
function argumentsOf() {
  const errors = []
  const values = fields().map(field => {
    try {
      return valueOf(field)
    } catch (reason) {
      errors.push({ argument: Number(field.dataset.position), detail: reason.message })
    }
  })
  if (errors.length > 0) throw Object.assign(new Error('Nothing was run: see the fields that are marked.'), { errors })
  return `[${values.join(',')}]`
}

function fields() {
  return [...form.querySelectorAll('.field')]
}

function inputOf(field) {
  return field.querySelector('input, select, textarea')
}

function valueOf(field) {
  const input = inputOf(field)
  switch (field.dataset.kind) {
    case 'fixed':
      return 'null'
    case 'select':
      return input.multiple ? `[${[...input.selectedOptions].map(option => option.value).join(',')}]` : input.value || 'null'
    case 'file':
      return JSON.stringify(files.get(input) ?? input.dataset.earlier ?? null)
    case 'lines':
      return JSON.stringify(input.value.split('\n').filter(line => line !== ''))
    case 'number':
      if (input.value.trim() === '') return 'null'
      if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(input.value.trim())) throw new Error('This must be a number, such as 4.5 or -2.')
      return input.value.trim()
    case 'json':
      if (input.value.trim() === '') return 'null'
      try {
        JSON.parse(input.value)
      } catch {
        throw new Error('This must be JSON, such as "text", 4.5, [1, 2] or {"a": true}.')
      }
      return input.value.trim()
    default:
      return input.value === '' ? 'null' : JSON.stringify(input.value)
  }
}

/** Says it beside the field. */
function mark(field, text) {
  const error = document.getElementById(`${inputOf(field).id}-error`)
  error.textContent = text
  error.hidden = text === ''
  if (text === '') inputOf(field).removeAttribute('aria-invalid')
  else inputOf(field).setAttribute('aria-invalid', 'true')
}

/** Says what is wrong with each field, and leads to the first of them. What belongs to none is said below. */
function show(reason) {
  const errors = reason.errors ?? []
  const wrong = fields().filter(field => {
    const found = errors.find(one => one.argument === Number(field.dataset.position))
    mark(field, found?.detail ?? '')
    return found
  })
  showError(error, reason)
  if (wrong.length > 0) inputOf(wrong[0]).focus()
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function showCall() {
  let data
  try {
    data = argumentsOf()
  } catch {
    return
  }
  // What is long is no line to be pasted.
  const isLong = data.length > 2000
  long.hidden = !isLong
  curl.textContent = [
    `curl -X POST ${quoted(new URL(form.dataset.call, document.baseURI).href)}`,
    `  --header "Authorization: Bearer ${form.dataset.token}"`,
    "  --header 'Content-Type: application/json'",
    isLong ? '  --data @arguments.json' : `  --data ${quoted(data)}`,
  ].join(' \\\n')
}

function dataUrlOf(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    // An empty file, or one of an unknown type, has no base64 in its address otherwise.
    reader.onload = () => resolve(reader.result.replace(/^data:(?:[^;,]*)?(?:;base64)?,/, `data:${file.type || 'application/octet-stream'};base64,`))
    reader.onerror = () => reject(reader.error)
    reader.readAsDataURL(file)
  })
}

form.addEventListener('change', async event => {
  if (event.target.type === 'file') {
    const [file] = event.target.files
    if (file) files.set(event.target, await dataUrlOf(file))
    else files.delete(event.target)
    showCall()
  }
})

form.addEventListener('input', event => {
  error.hidden = true
  const field = event.target.closest('.field')
  if (field) mark(field, '')
  showCall()
})

form.addEventListener('submit', async event => {
  event.preventDefault()
  error.hidden = true
  button.disabled = true
  try {
    const response = await send(form.dataset.run, argumentsOf())
    location.assign(new URL(`jobs/${response.headers.get('Job-Id')}`, document.baseURI))
  } catch (reason) {
    show(reason)
    button.disabled = false
  }
})

// Coming back with the browser's button restores the page as it was left.
addEventListener('pageshow', event => { if (event.persisted) button.disabled = false })

showCall()
