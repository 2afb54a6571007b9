// `npm start`: installs what is missing, builds what is old, and becomes the service. One process, for a short start.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const dist = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist')
// The program runs when it is what Node was told to run; in its bundle, too.
process.argv[1] = join(dist, 'server', 'all-in-one.js')
// One after the other: each makes what the next one reads.
for (const step of ['./install.mjs', './build.mjs', join(dist, 'start', 'all-in-one.js')]) await import(step)
