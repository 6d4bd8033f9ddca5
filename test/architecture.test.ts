// The building stands as ARCHITECTURE.md says: the four laws on every file of src/, and each law on bad samples.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type Laws, parseLaws, violations } from './architecture/laws.ts'
import { importsOf, withoutComments } from './architecture/source-text.ts'

const laws = parseLaws(readFileSync('ARCHITECTURE.md', 'utf8'))

test('every source file keeps the laws', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => `src/${name}`)
    .sort()
  assert.ok(files.length > 100, 'the sources were not found')
  const broken = files.flatMap(path =>
    violations(path, readFileSync(path, 'utf8'), laws).map(words => `${path} ${words}`),
  )
  assert.deepEqual(broken, [])
})

test('every test and script opens with a comment', () => {
  const files = ['test', 'scripts', 'bench', 'bin'].flatMap(dir =>
    readdirSync(dir, { recursive: true, encoding: 'utf8' })
      .filter(name => /\.(ts|mjs)$/.test(name))
      .map(name => `${dir}/${name}`),
  )
  assert.deepEqual(
    files.filter(path => !/^\s*(\/\/|\/\*)/.test(readFileSync(path, 'utf8'))),
    [],
  )
})

test('every floor of the table that exists is read', () => {
  for (const name of readdirSync('src', { withFileTypes: true }))
    if (name.isDirectory())
      assert.ok(
        laws.floors.some(floor => floor.name === name.name),
        name.name,
      )
})

const sample: Laws = {
  floors: [
    { name: 'sys', pure: false },
    { name: 'asm', pure: true },
    { name: 'kernel', pure: false },
    { name: 'map', pure: false },
    { name: 'cli', pure: false },
  ],
  printers: ['src/cli/', 'src/map/print.ts'],
}
/** `code` in a file at `path` breaks one law, in words that contain `expected`; '' for none. */
const check = (path: string, code: string, expected: string) =>
  test(`${path}: ${JSON.stringify(code)}`, () => {
    const found = violations(path, `// says what it is for\n${code}\n`, sample)
    if (expected === '') assert.deepEqual(found, [])
    else {
      assert.equal(found.length, 1, found.join('; '))
      assert.ok(found[0]!.includes(expected), found[0])
    }
  })

check('src/map/a.ts', "import { x } from '../asm/x.ts'", '')
check('src/asm/a.ts', "import { x } from '../map/x.ts'", 'map is above asm')
check('src/asm/a.ts', "import type { X } from '../map/x.ts'", 'map is above asm')
check('src/asm/a.ts', "export * from '../map/x.ts'", 'map is above asm')
check('src/asm/a.ts', "import {\n  x,\n  y,\n} from '../map/x.ts'", 'map is above asm')
check('src/asm/a.ts', "const x = await import('../map/x.ts')", 'map is above asm')
check('src/asm/a.ts', "import '../map/x.ts'", 'map is above asm')
check('src/asm/a.test.ts', "import { x } from '../map/x.ts'", 'map is above asm')
check('src/asm/a.ts', "// import { x } from '../map/x.ts'", '')
check('src/asm/deep/a.ts', "import { x } from '../../map/x.ts'", 'map is above asm')
check('src/asm/a.ts', "import { x } from '../../test/x.ts'", 'in no floor')
check('src/asm/a.test.ts', "import { x } from '../../test/x.ts'", '')
check('src/other/a.ts', '', 'no floor of ARCHITECTURE.md')
check('src/a.ts', '', 'in no floor')
check('src/index.ts', "export * from './map/index.ts'", '')
check('src/map/a.ts', "import koffi from 'koffi'", 'koffi')
check('src/sys/a.ts', "import koffi from 'koffi'", '')
check('src/map/a.ts', "import { readFileSync } from 'node:fs'", 'I/O')
check('src/map/a.ts', "import { readFile } from 'node:fs/promises'", 'I/O')
check('src/asm/a.ts', "import { spawn } from 'child_process'", 'I/O')
check('src/kernel/a.ts', "import { readFileSync } from 'node:fs'", '')
check('src/asm/a.test.ts', "import { readFileSync } from 'node:fs'", '')
check('src/map/a.ts', "const path = '/proc/self/maps'", '/proc')
check('src/map/a.ts', 'const path = `/sys/kernel/x`', '/proc')
check('src/map/a.ts', "throw new Error('mount tracefs on /sys/kernel/tracing')", '')
check('src/kernel/a.ts', "const path = '/proc/self/maps'", '')
check('src/map/a.ts', "console.log('x')", 'terminal')
check('src/map/a.ts', "process.stderr.write('x')", 'terminal')
check('src/map/print.ts', "console.log('x')", '')
check('src/cli/a.ts', "console.log('x')\nprocess.exit(1)", '')
check('src/map/a.ts', 'process.exit(1)', 'only cli exits')
check('src/map/a.ts', 'exitNow(1)', 'only cli exits')
check('src/sys/a.ts', 'export const exitNow = (status: number) => native(status)', '')
check('src/asm/a.ts', 'const arch = process.arch', 'pure')
check('src/asm/a.ts', 'const seed = Math.random()', 'pure')
check('src/asm/a.ts', "const text = '// no comment'; process.arch", 'pure')
check('src/asm/a.ts', 'const re = /[/*"]/; process.arch', 'pure')

test('a file without an opening comment is found', () => {
  assert.deepEqual(violations('src/asm/a.ts', 'export const x = 1\n', sample), [
    'does not open with a comment saying what it is for',
  ])
  assert.equal(violations('src/asm/a.ts', '//\nexport const x = 1\n', sample).length, 1)
})

test('a text without floors or printers is refused', () => {
  assert.throws(() => parseLaws('# Architecture\n'), /no table/)
  assert.throws(() => parseLaws('| `a` | pure | x |\n| `b` |      | y |\n'), /Printers/)
})

test('comments go, strings and regular expressions stay', () => {
  const code = 'a = b / c // x\nd = "/*" + `//` /* y */ + /\\/[/]/.source'
  assert.equal(withoutComments(code), 'a = b / c  \nd = "/*" + `//`   + /\\/[/]/.source')
  assert.deepEqual(importsOf("import a from 'a'\nexport { b } from \"b\"\nimport('c')"), ['a', 'b', 'c'])
})
