import { LinkifyIt } from 'linkify-it'

const linkify = new LinkifyIt({ fuzzyLink: true })

/** Text with its links. Everything else stays text. */
export function RichText({ text }: { text: string }) {
  const links = mayHoldLinks(text) ? (linkify.match(text) ?? []) : []
  if (links.length === 0) return <>{text}</>
  const parts = []
  let end = 0
  for (const { index, lastIndex, url, raw } of links) {
    if (!/^(https?|mailto):/i.test(url)) continue
    parts.push(
      text.slice(end, index),
      <a key={index} href={url} target="_blank" rel="noopener noreferrer nofollow">
        {raw}
      </a>,
    )
    end = lastIndex
  }
  return (
    <>
      {parts}
      {text.slice(end)}
    </>
  )
}

/** A dot at the end of a sentence makes no link, and looking for them is dear. */
const mayHoldLinks = (text: string) => /[:@]|\.\S/.test(text)
