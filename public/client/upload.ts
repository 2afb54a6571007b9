import { ApiError } from './errors.ts'
import { readText, type Transport } from './http.ts'

/** How much of a file is on its way; `total` in bytes, 0 while unknown. */
export type Progress = { sent: number; total: number }
export type UploadCall = {
  /** Absolute. */
  url: string
  /** The same place for a transport that knows the base. */
  path: string
  body: FormData
  token: string
  signal?: AbortSignal
  onProgress?: (progress: Progress) => void
}
/** Resolves with the answer's body; rejects with an ApiError. */
export type Upload = (call: UploadCall) => Promise<unknown>

type ProgressEventLike = { loaded: number; total: number; lengthComputable: boolean }
type RequestLike = {
  upload: { onprogress: ((event: ProgressEventLike) => void) | null }
  onload: (() => void) | null
  onerror: (() => void) | null
  onabort: (() => void) | null
  ontimeout: (() => void) | null
  timeout: number
  status: number
  responseText: string
  open(method: string, url: string): void
  setRequestHeader(name: string, value: string): void
  getResponseHeader(name: string): string | null
  send(body: FormData): void
  abort(): void
}

/** Ten minutes: 25 MB over a slow phone line. */
const uploadWithin = 600_000

/** By XMLHttpRequest, the only way in a browser to see an upload advance; by fetch, without steps between, where there is none. */
export function createUpload(transport: Transport): Upload {
  const { XMLHttpRequest } = globalThis as unknown as { XMLHttpRequest?: new () => RequestLike }
  if (XMLHttpRequest) return (call) => uploadBy(new XMLHttpRequest(), call)
  return async ({ path, body, token, signal, onProgress }) => {
    onProgress?.({ sent: 0, total: 0 })
    return transport({ method: 'POST', path, body, timeout: uploadWithin, ...(signal ? { signal } : {}) }, token)
  }
}

function uploadBy(request: RequestLike, call: UploadCall): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const abort = () => request.abort()
    const fail = (code: string) => () => reject(new ApiError(0, code, undefined))
    request.open('POST', call.url)
    request.timeout = uploadWithin
    request.setRequestHeader('authorization', `Bearer ${call.token}`)
    request.setRequestHeader('accept', 'application/json')
    request.upload.onprogress = ({ loaded, total, lengthComputable }) =>
      call.onProgress?.({ sent: loaded, total: lengthComputable ? total : 0 })
    request.onload = () => {
      call.signal?.removeEventListener('abort', abort)
      try {
        resolve(readText(request.status, request.responseText, request.getResponseHeader('retry-after')))
      } catch (cause) {
        reject(cause)
      }
    }
    request.onerror = fail('network')
    request.ontimeout = fail('timeout')
    request.onabort = fail('aborted')
    if (call.signal?.aborted) return fail('aborted')()
    call.signal?.addEventListener('abort', abort)
    request.send(call.body)
  })
}
