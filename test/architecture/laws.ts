// The laws of ARCHITECTURE.md as functions over the text of a file: what a file breaks, in words.
import { posix } from 'node:path'
import { importsOf, withoutComments } from './source-text.ts'

export interface Floor {
  readonly name: string
  readonly pure: boolean
}

/** What ARCHITECTURE.md says. */
export interface Laws {
  /** from the ground up */
  readonly floors: readonly Floor[]
  /** files and folders of src/ that may write to the terminal */
  readonly printers: readonly string[]
}

/** Reads the table of floors ("| `asm` | pure | …") and the line "Printers: `src/cli/`, …". @throws Error when either is missing */
export const parseLaws = (architecture: string): Laws => {
  const rows = architecture.matchAll(/^\| `(\w+)` +\| (pure| {4}) \|/gm)
  const floors = [...rows].map(([, name = '', pure]) => ({ name, pure: pure === 'pure' }))
  const printers = /^Printers: (.+)$/m.exec(architecture)?.[1]
  if (floors.length < 2 || printers === undefined)
    throw new Error('ARCHITECTURE.md has no table of floors or no line "Printers: …"')
  return { floors, printers: [...printers.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path) }
}

/** What reaches outside the process */
const IO_MODULES =
  /^(node:)?(fs|child_process|net|dgram|dns|http|https|http2|tls|worker_threads|cluster|readline|repl|inspector|os|tty)(\/|$)/
const IO_FLOORS = ['sys', 'kernel', 'cli']
const PROC_FLOORS = ['sys', 'kernel']
const PROC_PATH = /['"`]\/(proc|sys)(?=[/'"`])/
const PRINTS = /\bconsole\s*\.|\bprocess\s*\.\s*(stdout|stderr)\b/
const EXITS = /\bprocess\s*\.\s*(exit|exitCode|reallyExit|abort)\b|\bexitNow\s*\(/
/** In a pure floor: what differs from machine to machine or from run to run */
const IMPURE = /\bprocess\s*\.|\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bMath\.random\b/

/** Everything the file at `path` ("src/asm/insn.ts") breaks. Tests may do what they like, but what they
 * import from src is not above them. */
export const violations = (path: string, text: string, laws: Laws): string[] => {
  const found: string[] = []
  if (!/^\s*(#!.*\n)?\s*(\/\/|\/\*)[* \t]*\S/.test(text))
    found.push('does not open with a comment saying what it is for')
  const [, name = '', ...rest] = path.split('/')
  if (rest.length === 0) {
    if (name !== 'index.ts') found.push('is in no floor: only index.ts stands in src itself')
    return found
  }
  const rank = laws.floors.findIndex(floor => floor.name === name)
  if (rank === -1) return [...found, `is in a folder that is no floor of ARCHITECTURE.md: ${name}`]
  const code = withoutComments(text)
  const imports = importsOf(code)

  const isTest = path.endsWith('.test.ts') || rest.includes('testing')
  for (const specifier of imports) {
    if (!specifier.startsWith('.')) continue
    const target = posix.join(posix.dirname(path), specifier).split('/')
    const targetRank = laws.floors.findIndex(floor => floor.name === target[1])
    if (target[0] !== 'src' && isTest) continue // a generator, a fixture
    if (target[0] !== 'src' || targetRank === -1) found.push(`imports ${specifier}, which is in no floor`)
    else if (targetRank > rank) found.push(`imports ${specifier}: ${target[1]} is above ${name}`)
  }
  if (isTest) return found

  const io = imports.filter(specifier => IO_MODULES.test(specifier))
  if (!IO_FLOORS.includes(name)) for (const module of io) found.push(`imports ${module}: ${name} does no I/O`)
  if (name !== 'sys' && imports.some(specifier => /^koffi(\/|$)/.test(specifier)))
    found.push('imports koffi: only sys touches the FFI')
  if (!PROC_FLOORS.includes(name) && PROC_PATH.test(code))
    found.push('names a path below /proc or /sys: only sys and kernel read them')
  if (!laws.printers.some(printer => path.startsWith(printer)) && PRINTS.test(code))
    found.push('writes to the terminal and is no printer')
  if (name !== 'cli' && EXITS.test(name === 'sys' ? code.replace(/\bexitNow\b/g, '') : code))
    found.push('ends the process: only cli exits')
  if (laws.floors[rank]?.pure && IMPURE.test(code))
    found.push(`asks the process, the clock or chance: ${name} is pure`)
  return found
}
