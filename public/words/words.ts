import type { en } from './en.ts'

/** The page's texts in one language. */
export type Words = typeof en
