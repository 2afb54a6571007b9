import { whenIdle } from './store/idle.ts'

const script = '/api/chat/worker.js'
/** Without the slash too: a page at that address is the same page. */
const scope = '/api/chat'

type Policy = { createScriptURL(url: string): unknown }
type TrustedTypes = { createPolicy(name: string, rules: { createScriptURL(url: string): string }): Policy }

/** From now on the browser can open the page without a network. Begins when nothing else is to be done. */
export function keepPage(): void {
  const version = document.querySelector<HTMLMetaElement>('meta[name="version"]')?.content
  if (version === undefined || !('serviceWorker' in navigator)) return
  // Held as long as the page is open: the files of its version stay.
  void navigator.locks.request(`aristay-chat page ${version}`, { mode: 'shared' }, () => new Promise(() => undefined))
  whenIdle(() => void register().catch(() => undefined))
}

async function register(): Promise<void> {
  const { serviceWorker } = navigator
  await serviceWorker.register(trusted(script) as string, { scope, updateViaCache: 'none' })
  const { active } = await serviceWorker.ready
  active?.postMessage('opened')
}

/** The page's content policy lets nothing but this script become a worker. */
function trusted(url: string): unknown {
  const { trustedTypes } = window as { trustedTypes?: TrustedTypes }
  const createScriptURL = (wanted: string) => {
    if (wanted !== script) throw new TypeError(`${wanted} is no script of this page`)
    return wanted
  }
  return trustedTypes?.createPolicy('aristay-chat', { createScriptURL }).createScriptURL(url) ?? url
}
