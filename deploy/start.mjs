// `npm start`: installs what is missing, builds what is old, and becomes the service. One process, for a short start.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const program = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist', 'server', 'all-in-one.js')
// The program runs when it is what Node was told to run.
process.argv[1] = program
// One after the other: each makes what the next one reads.
for (const step of ['./install.mjs', './build.mjs', program]) await import(step)
