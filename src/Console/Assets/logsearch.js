// Search in the lines of a log that are shown. Hits are marked by ranges: the log's elements stay as they are.

// A page does not remember more.
const mostHits = 10_000

// After a step to a hit.
const framesToSettle = 10

export class LogSearch {
  #log
  #lines
  #input = document.getElementById('find')
  #count = document.getElementById('find-count')
  #pattern = null
  #hits = []
  #current = -1
  #marked = null
  #searched = 0

  /**
   * lines.first() and lines.end() say which lines are shown, lines.text(line) what one says, and lines.placeOf(line) the element that it is in
   * and the first line there.
   */
  constructor(log, lines) {
    this.#log = log
    this.#lines = lines
    this.#input.addEventListener('input', () => this.restart())
    this.#input.addEventListener('keydown', event => {
      if (event.key !== 'Enter') return
      event.preventDefault()
      this.#move(event.shiftKey ? -1 : 1)
    })
    document.getElementById('find-next').addEventListener('click', () => this.#move(1))
    document.getElementById('find-previous').addEventListener('click', () => this.#move(-1))
  }

  /** Searches anew, for what stands in the field. */
  restart() {
    const wanted = this.#input.value
    this.#pattern = wanted === '' ? null : new RegExp(wanted.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gi')
    this.#hits = []
    this.#current = -1
    this.#searched = 0
    this.update()
    if (this.#hits.length > 0) this.#move(1)
    else this.#marked = this.#mark()
  }

  /** Lines were added, or left out at the beginning. */
  update() {
    if (this.#pattern === null) {
      this.#describe()
      return
    }
    const gone = this.#hits.findIndex(hit => hit.line >= this.#lines.first())
    const left = gone === -1 ? this.#hits.length : gone
    this.#hits.splice(0, left)
    this.#current = Math.max(this.#current - left, Math.min(this.#current, 0))
    const end = this.#lines.end()
    for (let line = Math.max(this.#searched, this.#lines.first()); line < end && !this.#isFull; line++) {
      for (const found of this.#lines.text(line).matchAll(this.#pattern)) {
        this.#hits.push({ line, at: found.index, length: found[0].length })
        if (this.#isFull) break
      }
    }
    this.#searched = end
    this.#describe()
  }

  get #isFull() {
    return this.#hits.length >= mostHits
  }

  #move(step) {
    if (this.#hits.length === 0) return
    this.#current = (this.#current + step + this.#hits.length) % this.#hits.length
    this.#marked = this.#mark()
    this.#describe()
    this.#show(this.#marked, framesToSettle)
  }

  /** What was never looked at has no exact height before, and so moves what is below it while it comes into view. */
  #show(range, frames) {
    if (range !== this.#marked) return
    if (frames > 0) requestAnimationFrame(() => this.#show(range, frames - 1))
    const place = range.getBoundingClientRect()
    const frame = this.#log.getBoundingClientRect()
    if (place.top < frame.top || place.bottom > frame.bottom) {
      this.#log.scrollTop += place.top - frame.top - this.#log.clientHeight / 2
    }
  }

  /** Marks the current hit, and the others near it. */
  #mark() {
    globalThis.CSS.highlights?.clear()
    if (this.#current < 0) return null
    const current = this.#hits[this.#current]
    const { block, begin } = this.#lines.placeOf(current.line)
    const near = this.#hits.filter(hit => hit !== current && this.#lines.placeOf(hit.line).block === block)
    const [range, ...others] = this.#rangesOf(block, begin, [current, ...near])
    if (CSS.highlights) {
      CSS.highlights.set('found', new Highlight(...others))
      CSS.highlights.set('found-now', new Highlight(range))
    } else {
      getSelection().removeAllRanges()
      getSelection().addRange(range)
    }
    return range
  }

  #rangesOf(block, begin, hits) {
    const texts = []
    const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT)
    for (let length = 0; walker.nextNode(); length += walker.currentNode.length) texts.push({ node: walker.currentNode, from: length })
    const starts = [0]
    const end = Math.max(...hits.map(hit => hit.line))
    for (let line = begin; line < end; line++) starts.push(starts.at(-1) + this.#lines.text(line).length + 1)
    return hits.map(hit => {
      const range = document.createRange()
      const from = starts[hit.line - begin] + hit.at
      const [first, last] = [textAt(texts, from), textAt(texts, from + hit.length - 1)]
      range.setStart(first.node, from - first.from)
      range.setEnd(last.node, from + hit.length - last.from)
      return range
    })
  }

  #describe() {
    this.#count.textContent =
      this.#pattern === null ? ''
      : this.#hits.length === 0 ? 'not found'
      : `${(this.#current + 1).toLocaleString()} of ${this.#hits.length.toLocaleString()}${this.#isFull ? '+' : ''}`
  }
}

/** The last text that begins at the position or before. */
function textAt(texts, position) {
  let [low, high] = [0, texts.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (texts[middle].from <= position) low = middle
    else high = middle - 1
  }
  return texts[low]
}
