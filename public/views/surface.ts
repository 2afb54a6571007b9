/** Wider than this, list and room stand side by side: as in styles/narrow.css. */
const narrow = 759

/** The document, or the shadow tree of the element that the chat is embedded by. */
export function surface(): Document | ShadowRoot {
  return document.activeElement?.shadowRoot ?? document.querySelector('aristay-chat')?.shadowRoot ?? document
}

/** Whether there is room for one thing at a time. */
export function isNarrow(root: HTMLElement): boolean {
  return root.clientWidth <= narrow
}
