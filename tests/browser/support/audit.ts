import axe, { type AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

/** What axe holds to be serious or worse on the page as it is now, with the elements it means. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate(() => (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run())
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')} ${failureSummary}`))
}

/** Controls that a finger hits over less than 44 px, from edge to edge through their middle; links within a text are exempt. */
export function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const least = 43
    const top = [...document.querySelectorAll<HTMLElement>('dialog[open]')].at(-1) ?? document.body
    const controls = [...top.querySelectorAll<HTMLElement>('button:not(:disabled), a.row, input:not([type="file"]), textarea')]
    const isHit = (control: HTMLElement, x: number, y: number) => {
      const hit = document.elementFromPoint(x, y)
      return hit !== null && (control.contains(hit) || control.closest('label')?.contains(hit) === true)
    }
    // What is half scrolled away cannot be judged.
    const windowOf = (control: HTMLElement) => {
      let box: HTMLElement | null = control.parentElement
      while (box && !/auto|scroll/.test(getComputedStyle(box).overflowY)) box = box.parentElement
      return box?.getBoundingClientRect() ?? new DOMRect(0, 0, innerWidth, innerHeight)
    }
    return controls.flatMap((control) => {
      const target = (control instanceof HTMLInputElement && control.type === 'radio' && control.closest('label')) || control
      const { x, y, width, height } = target.getBoundingClientRect()
      const [middle, centre] = [x + width / 2, y + height / 2]
      const isSeen = control.checkVisibility({ opacityProperty: true }) && isHit(control, middle, centre)
      const { top: from, bottom: to } = windowOf(control)
      if (!isSeen || centre - least / 2 < from || centre + least / 2 > to) return []
      const reach = (right: number, down: number) => {
        let far = 0
        while (far < least && isHit(control, middle + right * (far + 1), centre + down * (far + 1))) far += 1
        return far
      }
      const [wide, high] = [reach(-1, 0) + reach(1, 0), reach(0, -1) + reach(0, 1)]
      const isLarge = wide >= least && high >= least
      return isLarge ? [] : [`${control.getAttribute('aria-label') ?? control.textContent}: ${wide} × ${high}`]
    })
  })
}

/** Controls that stick out of the window, and whether the page can be scrolled sideways. */
export function overflows(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const isWide = (document.scrollingElement?.scrollWidth ?? 0) > innerWidth
    const outside = [...document.querySelectorAll<HTMLElement>('button, input, textarea, h1, h2, .bubble, .row')].filter((element) => {
      const { left, right, width } = element.getBoundingClientRect()
      const scrolls = element.closest('.rooms .filters') !== null
      return element.checkVisibility() && width > 0 && !scrolls && (left < -1 || right > innerWidth + 1)
    })
    return [...(isWide ? ['the page'] : []), ...outside.map((element) => element.outerHTML.slice(0, 120))]
  })
}
