// The `exports` of package.json from the floors that have a public face, and its `bin` from the commands that are
// there: run by `npm run gen`, held by a test.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

/** Floors whose index.ts is for the inside only: the FFI is not an interface to promise, the command line has none,
 * and text is only what printers share. */
const PRIVATE = ['cli', 'sys', 'text']

/** Commands of the design; the launcher of a checkout is NAME, of the package bin/NAME. */
export const COMMANDS = ['beetrace', 'bee']

/** Whether src/NAME is a floor with a public index.ts */
export const isPublic = name => !PRIVATE.includes(name) && existsSync(`src/${name}/index.ts`)

/** What package.json must say. */
export function packageExports() {
  const face = path => ({ types: `./dist/types/${path}.d.ts`, default: `./dist/${path}.js` })
  return Object.fromEntries([
    ...(existsSync('src/index.ts') ? [['.', face('index')]] : []),
    ...readdirSync('src')
      .filter(isPublic)
      .sort()
      .map(name => [`./${name}`, face(`${name}/index`)]),
    ['./package.json', './package.json'],
  ])
}

/** A command is src/cli/NAME.ts with its launcher bin/NAME. */
export const packageCommands = () =>
  Object.fromEntries(
    COMMANDS.filter(name => existsSync(`src/cli/${name}.ts`)).map(name => [name, `bin/${name}`]),
  )

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const description = JSON.parse(readFileSync('package.json', 'utf8'))
  description.bin = packageCommands()
  description.exports = packageExports()
  writeFileSync('package.json', `${JSON.stringify(description, null, 2)}\n`)
}
