import type { Page } from 'playwright-core'

type Focused = { name: string; isSeen: boolean }

/** Presses Tab until the control of that name has the focus. On the way every focus has to be one that can be seen. */
export async function tabTo(page: Page, name: string, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  const passed: string[] = []
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press(key)
    const focused = await focusOf(page)
    if (!focused.isSeen) throw new Error(`the focus on "${focused.name}" cannot be seen`)
    if (focused.name === name) return
    passed.push(focused.name)
  }
  throw new Error(`"${name}" is not reached: ${passed.join(', ')}`)
}

export function focusOf(page: Page): Promise<Focused> {
  return page.evaluate(() => {
    const element = document.activeElement as HTMLElement
    if (element === document.body) return { name: 'the page itself', isSeen: true }
    const label = element instanceof HTMLInputElement ? element.labels?.[0]?.textContent : undefined
    const read = element.cloneNode(true) as HTMLElement
    for (const hidden of read.querySelectorAll('[aria-hidden="true"]')) hidden.remove()
    const style = getComputedStyle(element)
    const { width, bottom, top } = element.getBoundingClientRect()
    const isOutlined = style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) >= 2
    // The composer's frame stands for its field.
    const isFramed = getComputedStyle(element.closest('.composer .line') ?? document.body).boxShadow.includes('0px 0px 0px 1px')
    const isOnScreen = width > 0 && bottom > 0 && top < innerHeight && element.checkVisibility({ opacityProperty: true })
    const name = element.getAttribute('aria-label') ?? label ?? read.textContent
    return { name: name.trim(), isSeen: (isOutlined || isFramed) && isOnScreen }
  })
}
