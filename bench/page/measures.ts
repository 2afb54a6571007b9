import type { Page } from 'playwright-core'

/** Runs before the page's own scripts: when the first message was on the screen, in milliseconds since the navigation began. */
export function watchFirstMessage(): void {
  const found = new Promise<number>((resolve) => {
    const look = () => {
      if (!document.querySelector('.message')) return requestAnimationFrame(look)
      // The frame that holds it is drawn when the next one begins.
      return requestAnimationFrame(() => resolve(performance.now()))
    }
    requestAnimationFrame(look)
  })
  Object.assign(window, { firstMessage: found })
}

export function firstMessageAt(page: Page): Promise<number> {
  return page.evaluate(() => (window as unknown as { firstMessage: Promise<number> }).firstMessage)
}

/** Milliseconds from the key to the frame that shows the message. */
export function sendAndSee(page: Page, text: string): Promise<number> {
  return page.evaluate(async (wanted) => {
    const field = document.querySelector<HTMLTextAreaElement>('.composer textarea')
    if (!field) throw new Error('there is no composer')
    const set = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value')?.set
    set?.call(field, wanted)
    field.dispatchEvent(new InputEvent('input', { bubbles: true }))
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
    const began = performance.now()
    field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }))
    return new Promise<number>((resolve) => {
      const look = () => {
        const isThere = [...document.querySelectorAll('.message')].at(-1)?.textContent?.includes(wanted)
        if (isThere) return void setTimeout(() => resolve(performance.now() - began))
        requestAnimationFrame(look)
      }
      requestAnimationFrame(look)
    })
  }, text)
}

export type Journey = { frames: number[]; mostNodes: number; seconds: number }

/** Scrolls from the end to the beginning, so many pixels a frame. The milliseconds of each frame, and the most message nodes at once. */
export function scrollToStart(page: Page, pixels: number): Promise<Journey> {
  return page.evaluate(async (step) => {
    const list = document.querySelector('.messages')
    if (!list) throw new Error('there is no list')
    const began = performance.now()
    const frames: number[] = []
    let before = began
    let mostNodes = 0
    await new Promise<void>((resolve) => {
      const frame = (now: number) => {
        frames.push(now - before)
        before = now
        if (frames.length % 10 === 0) mostNodes = Math.max(mostNodes, document.querySelectorAll('.message').length)
        if (document.querySelector('.start-line') && list.scrollTop < 1) return resolve()
        list.scrollTop = Math.max(0, list.scrollTop - step)
        requestAnimationFrame(frame)
      }
      requestAnimationFrame(frame)
    })
    return { frames: frames.slice(2), mostNodes, seconds: (performance.now() - began) / 1_000 }
  }, pixels)
}

/**
 * Goes to the beginning in steps and rests after each until pictures and older messages are there: how much moved meanwhile by itself. A frame in which
 * one scrolls counts for nothing: there everything moves, as it should.
 */
export function shiftAtRest(page: Page, pixels: number): Promise<number> {
  return page.evaluate(async (step) => {
    const list = document.querySelector('.messages')
    if (!list) throw new Error('there is no list')
    let shift = 0
    let restsSince = Number.POSITIVE_INFINITY
    const add = (entries: PerformanceEntryList) => {
      for (const entry of entries) if (entry.startTime >= restsSince) shift += (entry as unknown as { value: number }).value
    }
    const observer = new PerformanceObserver((seen) => add(seen.getEntries()))
    observer.observe({ type: 'layout-shift' })
    const frames = async (count: number) => {
      for (let frame = 0; frame < count; frame += 1) await new Promise((resolve) => requestAnimationFrame(resolve))
    }
    const isStill = async () => {
      const height = list.scrollHeight
      await frames(30)
      return height === list.scrollHeight && [...list.querySelectorAll('img')].every(({ complete }) => complete)
    }
    while (!document.querySelector('.start-line') || list.scrollTop > 0) {
      restsSince = Number.POSITIVE_INFINITY
      list.scrollTop = Math.max(0, list.scrollTop - step)
      await frames(3)
      restsSince = performance.now()
      while (!(await isStill()));
      add(observer.takeRecords())
    }
    observer.disconnect()
    return shift
  }, pixels)
}
