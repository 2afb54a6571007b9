import {
  Archive,
  ArrowDown,
  ArrowLeft,
  BellOff,
  Building2,
  Camera,
  Check,
  CheckCheck,
  ChevronLeft,
  ChevronRight,
  CircleAlert,
  ClipboardList,
  Clock,
  CornerUpLeft,
  Download,
  Ellipsis,
  Eye,
  EyeOff,
  FileText,
  HelpCircle,
  type IconNode,
  Info,
  LogOut,
  MessageCircle,
  MessageSquareDot,
  Paperclip,
  Pencil,
  Search,
  SendHorizontal,
  Settings,
  Smile,
  SquarePen,
  User,
  Users,
  X,
} from 'lucide'
import { h } from 'preact'

const icons = {
  ...{
    archive: Archive,
    back: ArrowLeft,
    down: ArrowDown,
    muted: BellOff,
    property: Building2,
    camera: Camera,
    sent: Check,
    read: CheckCheck,
  },
  ...{
    previous: ChevronLeft,
    next: ChevronRight,
    alert: CircleAlert,
    task: ClipboardList,
    clock: Clock,
    reply: CornerUpLeft,
    download: Download,
  },
  ...{ more: Ellipsis, show: Eye, hide: EyeOff, file: FileText, help: HelpCircle, info: Info, leave: LogOut, chat: MessageCircle },
  ...{
    attach: Paperclip,
    edit: Pencil,
    search: Search,
    send: SendHorizontal,
    settings: Settings,
    emoji: Smile,
    unread: MessageSquareDot,
    write: SquarePen,
    direct: User,
    group: Users,
    close: X,
  },
} satisfies Record<string, IconNode>
export type IconName = keyof typeof icons

/** Decoration: what it means is said by the text or label beside it. */
export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  // Grows with the text, and not beyond its button.
  const side = `min(${size / 16}rem, ${size * 1.4}px)`
  return (
    <svg class="icon" style={{ width: side, height: side }} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {icons[name].map(([tag, attributes]) => h(tag, { key: JSON.stringify(attributes), ...attributes } as object))}
    </svg>
  )
}

/** A button of an icon alone. */
export function IconButton(props: {
  name: IconName
  label: string
  onClick: () => void
  class?: string
  pressed?: boolean
  keys?: string
}) {
  const { name, label, onClick, pressed, keys } = props
  return (
    <button
      type="button"
      class={`icon-button ${props.class ?? ''}`}
      aria-label={label}
      title={keys ? `${label} (${keys})` : label}
      aria-pressed={pressed}
      aria-keyshortcuts={keys?.replace('Ctrl ', 'Control+')}
      onClick={onClick}
    >
      <Icon name={name} />
    </button>
  )
}
