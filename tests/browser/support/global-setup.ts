import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import setupDatabase from '../../support/global-setup.ts'

/** The page as it is now, and the database of the other tests. */
export default function setup(project: TestProject) {
  execFileSync(process.execPath, [fileURLToPath(new URL('../../../deploy/build.mjs', import.meta.url)), '--page'], { stdio: 'inherit' })
  return setupDatabase(project)
}
