/** What can be attached: by the end of the name, as the server has it. */
export const endings = ['jpg', 'jpeg', 'png', 'gif', 'pdf', 'doc', 'docx', 'xls', 'xlsx'] as const
export const largestFile = 25 * 1024 * 1024
export const accept = endings.map((ending) => `.${ending}`).join(',')

export type FileFault = 'kind' | 'size' | 'empty'

/** Why the server would not take a file, known before any of it is sent. */
export function faultOf(file: Pick<File, 'name' | 'size'>): FileFault | undefined {
  const ending = endingOf(file.name)
  if (!endings.some((each) => each === ending)) return 'kind'
  if (file.size > largestFile) return 'size'
  return file.size === 0 ? 'empty' : undefined
}

export function isShowable(file: Pick<File, 'name'>): boolean {
  return ['jpg', 'jpeg', 'png', 'gif'].includes(endingOf(file.name))
}

export function endingOf(name: string): string {
  return name.includes('.') ? (name.split('.').at(-1) ?? '').toLowerCase() : ''
}
