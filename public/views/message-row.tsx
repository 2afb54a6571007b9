import { memo } from 'preact/compat'
import { useState } from 'preact/hooks'
import type { Shown } from '../store/shown.ts'
import { clockTime, fullTime } from '../words/times.ts'
import { Avatar, hueOf } from './avatar.tsx'
import { usePage, useWords } from './context.ts'
import { DeliveryMark } from './delivery-mark.tsx'
import { FailedActions } from './failed-actions.tsx'
import { FileView } from './file-view.tsx'
import { MessageMenu } from './message-menu.tsx'
import { RichText } from './rich-text.tsx'

/** Its first letter is Hebrew, Arabic or of another script from right to left: what `dir=auto` goes by, for the alignment of what is around the text. */
const beginsAtRight = /^\P{L}*[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFF]/u

type Props = { message: Shown; first: boolean; last: boolean }

/** Where fingers point, the actions are always seen, as the style has it. */
const alwaysSeen = matchMedia('(pointer: coarse)').matches

/** One message. The same for one on its way and one that is stored, so that arriving changes nothing but the mark. */
export const MessageRow = memo(function MessageRow({ message, first, last }: Props) {
  const { conversation } = usePage()
  const words = useWords()
  const { mine } = message
  const [isNear, setNear] = useState(alwaysSeen)
  const isDirect = conversation.isDirect.value
  const name = message.senderName || words.message.formerUser
  if (message.isSystem)
    return (
      <p class="system-line" dir="auto">
        {message.text}
      </p>
    )
  return (
    <article
      class={`message ${mine ? 'mine' : 'theirs'} ${first ? 'first' : ''} ${last ? 'last' : ''} ${message.delivery}`}
      data-seq={message.seq}
      data-key={message.key}
      data-delivery={message.delivery}
      onPointerEnter={() => setNear(true)}
      onFocusIn={() => setNear(true)}
      aria-label={`${mine ? words.message.you : name}, ${clockTime(words, message.at)}`}
    >
      {!mine && !isDirect && <span class="gutter">{last && <Avatar name={name} size="small" />}</span>}
      <div class="body">
        {first && !mine && !isDirect && (
          <span class={`sender hue-${hueOf(name)}`} dir="auto">
            {name}
          </span>
        )}
        <Bubble message={message} isNear={isNear} />
        {message.delivery === 'failed' && <FailedActions message={message} />}
      </div>
    </article>
  )
})

function Bubble({ message, isNear }: { message: Shown; isNear: boolean }) {
  const words = useWords()
  const { deleted, text, file, quote } = message
  return (
    <div class={`bubble ${deleted ? 'tombstone' : file ? kindOf(message, file) : ''} ${beginsAtRight.test(text) ? 'from-right' : ''}`}>
      {quote && !deleted && <QuoteView message={message} quote={quote} />}
      {file && !deleted && <FileView message={message} file={file} />}
      {deleted ? (
        <span class="text">{words.message.deleted}</span>
      ) : (
        text !== '' && (
          <span class="text" dir="auto">
            <RichText text={text} />
          </span>
        )
      )}
      <Meta message={message} />
      {message.id !== undefined && !deleted && <MessageMenu message={message} id={message.id} isNear={isNear} />}
    </div>
  )
}

function kindOf({ text, quote, delivery }: Shown, { isImage, upload }: NonNullable<Shown['file']>): string {
  const isAlone = text === '' && !quote && !upload && delivery === 'sent'
  if (isImage) return isAlone ? 'has-image only-image' : 'has-image'
  return isAlone ? 'only-file' : ''
}

function Meta({ message }: { message: Shown }) {
  const words = useWords()
  return (
    <span class="meta">
      {message.edited && !message.deleted && <span class="edited">{words.message.edited}</span>}
      <time dateTime={new Date(message.at).toISOString()} title={fullTime(words, message.at)}>
        {clockTime(words, message.at)}
      </time>
      {message.mine && !message.deleted && <DeliveryMark message={message} />}
    </span>
  )
}

function QuoteView({ message, quote }: { message: Shown; quote: NonNullable<Shown['quote']> }) {
  const { conversation } = usePage()
  const words = useWords()
  const members = conversation.state.value?.members.values() ?? []
  const sender = [...members].find(({ user }) => user.username === quote.name)?.user
  const go = () => void conversation.jump(quote.id, message.seq)
  return (
    <button type="button" class="quote" title={words.message.goToQuote} onClick={go} disabled={quote.deleted}>
      <b dir="auto">{(sender?.full_name ?? quote.name) || words.message.formerUser}</b>
      <span dir="auto">{quote.deleted ? words.message.deleted : quote.text || words.message.photo}</span>
    </button>
  )
}
