import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Page } from '../store/page.ts'
import type { Words } from '../words/words.ts'

export const PageContext = createContext<Page | undefined>(undefined)

export function usePage(): Page {
  const page = useContext(PageContext)
  if (!page) throw new Error('outside of a page')
  return page
}

export function useWords(): Words {
  return usePage().words.value
}
