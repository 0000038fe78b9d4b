// The chosen jobs: does to one after the other what the form would do to all at once, and shows how far it is.
import { send } from './console.js'

const form = document.getElementById('chosen')
const atOnce = 4

async function act(input) {
  const note = input.closest('tr').querySelector('.note')
  note.textContent = '…'
  try {
    await send(`api/chosen/${input.value}/${form.dataset.what}`)
    note.textContent = form.dataset.done
    note.classList.add('good')
    const state = input.closest('tr').querySelector('.state')
    state.textContent = form.dataset.state
    state.className = 'state bad'
    return true
  } catch (reason) {
    note.textContent = reason.message
    note.classList.add('bad')
    return false
  }
}

form.addEventListener('submit', async event => {
  event.preventDefault()
  const button = document.getElementById('chosen-go')
  const progress = document.getElementById('chosen-progress')
  const inputs = [...form.querySelectorAll('input[name=job]')]
  const waiting = [...inputs]
  let ended = 0
  let done = 0
  button.hidden = true
  const describe = () => { progress.textContent = `${ended} of ${inputs.length}…` }
  describe()
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let input = waiting.shift(); input; input = waiting.shift()) {
      if (await act(input)) done++
      ended++
      describe()
    }
  }))
  const heading = `${form.dataset.done.replace('.', '')}: ${done} of ${inputs.length} ${inputs.length === 1 ? 'job' : 'jobs'}`
  document.getElementById('chosen-heading').textContent = heading
  document.getElementById('chosen-lead').hidden = true
  document.getElementById('chosen-note').textContent = 'What has become of it'
  progress.textContent = heading
  document.getElementById('chosen-back').textContent = 'Back to the jobs'
})
