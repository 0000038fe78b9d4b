// The colours of a terminal. Text becomes text nodes, never markup; what is no colour is left out.

const names = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white']

// Colours (CSI … m), other control sequences, titles (OSC), other escapes.
const escapes = /\u001b\[([\d;:]*)m|\u001b\[[\d;:?<=>!]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]/g

export class Ansi {
  #style = {}

  /** Adds a line to an element. The colours go on with the next line. */
  append(parent, line) {
    let from = 0
    for (const escape of line.matchAll(escapes)) {
      this.#text(parent, line.slice(from, escape.index))
      from = escape.index + escape[0].length
      if (escape[1] !== undefined) this.#apply(escape[1])
    }
    this.#text(parent, line.slice(from))
  }

  /** What comes next is in no colour. */
  reset() {
    this.#style = {}
  }

  /** The text of a line without escapes. */
  static plain(line) {
    return line.replaceAll(escapes, '')
  }

  #text(parent, text) {
    if (text === '') return
    const node = document.createTextNode(text)
    const style = this.#style
    if (Object.keys(style).length === 0) {
      parent.append(node)
      return
    }
    const span = document.createElement('span')
    for (const flag of ['bold', 'dim', 'italic', 'underline']) if (style[flag]) span.classList.add(`a-${flag}`)
    const [front, back] = style.inverse ? [style.back ?? 'inverse', style.front ?? 'inverse'] : [style.front, style.back]
    colour(span, 'color', 'f', front)
    colour(span, 'backgroundColor', 'b', back)
    span.append(node)
    parent.append(span)
  }

  #apply(codes) {
    const list = codes.split(/[;:]/).map(code => Number(code) || 0)
    for (let at = 0; at < list.length; at++) {
      const code = list[at]
      if (code === 0) this.#style = {}
      else if (code === 1) this.#style.bold = true
      else if (code === 2) this.#style.dim = true
      else if (code === 3) this.#style.italic = true
      else if (code === 4) this.#style.underline = true
      else if (code === 7) this.#style.inverse = true
      else if (code === 22) { delete this.#style.bold; delete this.#style.dim }
      else if (code === 23) delete this.#style.italic
      else if (code === 24) delete this.#style.underline
      else if (code === 27) delete this.#style.inverse
      else if (code >= 30 && code <= 37) this.#style.front = names[code - 30]
      else if (code >= 40 && code <= 47) this.#style.back = names[code - 40]
      else if (code >= 90 && code <= 97) this.#style.front = names[code - 90]
      else if (code >= 100 && code <= 107) this.#style.back = names[code - 100]
      else if (code === 39) delete this.#style.front
      else if (code === 49) delete this.#style.back
      else if (code === 38 || code === 48) {
        const which = code === 38 ? 'front' : 'back'
        if (list[at + 1] === 5) {
          this.#style[which] = ofPalette(list[at + 2] ?? 0)
          at += 2
        } else if (list[at + 1] === 2) {
          this.#style[which] = rgb(list.slice(at + 2, at + 5))
          at += 4
        }
      }
    }
  }
}

function colour(span, property, prefix, value) {
  if (value === undefined) return
  if (value.startsWith('rgb')) span.style[property] = value
  else span.classList.add(`a-${prefix}-${value}`)
}

function rgb(parts) {
  const [red, green, blue] = [0, 1, 2].map(at => Math.min(255, parts[at] ?? 0))
  return `rgb(${red} ${green} ${blue})`
}

function ofPalette(index) {
  if (index < 16) return names[index % 8]
  if (index >= 232) return rgb(Array(3).fill(8 + 10 * (Math.min(index, 255) - 232)))
  const level = step => (step === 0 ? 0 : 55 + 40 * step)
  const cube = index - 16
  return rgb([level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)])
}
