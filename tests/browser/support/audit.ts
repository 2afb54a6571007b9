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

/** Controls of which a finger's 44 px, around their middle, would hit something else; links within a text are exempt. */
export function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const reach = 21
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
      if (!isSeen || centre - reach < from || centre + reach > to) return []
      const points = [
        [middle - reach, centre],
        [middle + reach, centre],
        [middle, centre - reach],
        [middle, centre + reach],
      ] as const
      const inTheWay = points.filter(([left, up]) => !isHit(control, left, up)).map(([left, up]) => document.elementFromPoint(left, up))
      const name = control.getAttribute('aria-label') ?? control.textContent
      const size = `${Math.round(width)} × ${Math.round(height)}`
      return inTheWay.map((other) => `${name} (${size}): ${other?.outerHTML.slice(0, 80)}`)
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
