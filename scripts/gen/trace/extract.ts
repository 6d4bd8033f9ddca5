// First stage of the tracer's tables: kernel headers, libc headers and tracefs to small fact files under
// scripts/gen/facts, checked in. Needs gcc, libc6-dev, an unpacked linux-libc-dev and a mounted tracefs:
//
//     node build/scripts/gen/trace/extract.js UNPACKED-LINUX-LIBC-DEV VERSION [TRACEFS]
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { FAMILIES, type Family } from './families.ts'

const MACHINES = { x86_64: 'unistd_64.h', i386: 'unistd_32.h', aarch64: 'unistd_64.h' } as const
/** gcc speaks for its own machine; another's headers are read with its name for the machine defined instead */
const TARGETS = {
  x86_64: [],
  aarch64: ['-U__x86_64__', '-D__aarch64__', '-Wno-builtin-macro-redefined'],
} as const
const FACTS = 'scripts/gen/facts'

const [root, version, tracefs = '/sys/kernel/tracing'] = process.argv.slice(2)
if (root === undefined || version === undefined) {
  throw new Error('usage: extract.js UNPACKED-LINUX-LIBC-DEV VERSION [TRACEFS]')
}
const include = join(root, 'usr/include')
// biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholder
const libcVersion = execFileSync('dpkg-query', ['-W', '-f', '${Version}', 'libc6-dev'], { encoding: 'utf8' })
const scratch = mkdtempSync(join(tmpdir(), 'trace-facts-'))
try {
  writeFileSync(join(FACTS, 'trace-syscall-numbers.txt'), syscallNumbers())
  writeFileSync(join(FACTS, 'trace-syscall-arguments.txt'), syscallArguments())
  writeFileSync(join(FACTS, 'trace-constants.txt'), constants())
  writeFileSync(join(FACTS, 'trace-errno-messages.txt'), errnoMessages())
} finally {
  rmSync(scratch, { recursive: true })
}

/** `MACHINE NUMBER NAME` lines from asm/unistd_*.h. */
function syscallNumbers(): string {
  const lines = [`# linux-libc-dev ${version}: asm/unistd_64.h and asm/unistd_32.h`]
  for (const [machine, header] of Object.entries(MACHINES)) {
    const text = readFileSync(join(include, `${machine}-linux-gnu/asm`, header), 'utf8')
    for (const [, name, nr] of text.matchAll(/^#define __NR_([a-z0-9_]+) (\d+)$/gm)) {
      lines.push(`${machine} ${nr} ${name}`)
    }
  }
  return `${lines.join('\n')}\n`
}

/** `NAME(TYPE NAME, …)` lines from the formats of tracefs, under the names the kernel's own definitions use. */
function syscallArguments(): string {
  const events = join(tracefs, 'events/syscalls')
  const lines = readdirSync(events)
    .filter(name => name.startsWith('sys_enter_'))
    .sort()
    .map(event => {
      const format = readFileSync(join(events, event, 'format'), 'utf8')
      const fields = [...format.matchAll(/^\tfield:(.+?);/gm)]
        .map(match => match[1]!.replace(/\* (\w+)$/, '*$1'))
        .filter(field => !/ (common_\w+|__syscall_nr)$/.test(field))
      return `${event.slice('sys_enter_'.length)}(${fields.join(', ')})`
    })
  return `${[`# tracefs events/syscalls of Linux ${release().replace(/-.*/, '')}, x86_64`, ...lines].join('\n')}\n`
}

/** `[FAMILY] headers` then `NAME VALUE [MACHINE=VALUE]` lines, in the order of definition. */
function constants(): string {
  const lines = [`# linux-libc-dev ${version}; families marked glibc: libc6-dev ${libcVersion}`]
  for (const family of FAMILIES) {
    const native = evaluate(family, 'x86_64')
    const arm = family.from === 'kernel' ? evaluate(family, 'aarch64') : new Map<string, bigint>()
    lines.push(`[${family.id}] ${family.from} ${family.headers.join(' ')}`)
    for (const [name, value] of native) {
      const other = arm.get(name)
      lines.push(
        other === undefined || other === value ? `${name} ${value}` : `${name} ${value} aarch64=${other}`,
      )
    }
    for (const [name, value] of arm) if (!native.has(name)) lines.push(`${name} - aarch64=${value}`)
    if (native.size === 0) throw new Error(`family ${family.id}: its headers define nothing that matches`)
  }
  return `${lines.join('\n')}\n`
}

/** Names of a family with the values the compiler gives them. */
function evaluate(family: Family, machine: keyof typeof TARGETS): Map<string, bigint> {
  const search =
    family.from === 'glibc' ? [] : ['-isystem', join(include, `${machine}-linux-gnu`), '-isystem', include]
  const args = [...TARGETS[machine], ...search, '-D_GNU_SOURCE', '-x', 'c', '-w']
  const head = family.headers
    .map(header => `#if __has_include(<${header}>)\n#include <${header}>\n#endif\n`)
    .join('')
  const text = execFileSync('gcc', ['-E', '-dD', ...args, '-'], { input: head, encoding: 'utf8' })
  const names = new Set<string>()
  for (const [, macro] of text.matchAll(/^#define (\w+)[ \t]+\S/gm)) names.add(macro!)
  for (const [, members] of text.replace(/^#.*$/gm, '').matchAll(/\benum\b[^{;]*\{([^}]*)\}/g)) {
    for (const [, member] of members!.matchAll(/(?:^|,)\s*(\w+)/g)) names.add(member!)
  }
  const wanted = [...names].filter(name => family.names.test(name) && !family.except?.test(name))
  const values = compile(head, wanted, args)
  if (values !== undefined) return new Map(wanted.map((name, index) => [name, values[index]!]))
  // a macro that is not a number is among them: ask one by one
  const found = new Map<string, bigint>()
  for (const name of wanted) {
    const value = compile(head, [name], args)
    if (value !== undefined) found.set(name, value[0]!)
  }
  return found
}

/** Values of integer constant expressions, by the compiler; undefined when one is not such an expression. */
function compile(head: string, names: readonly string[], args: readonly string[]): bigint[] | undefined {
  const body = names.map(name => `(unsigned long long)(${name})`).join(',\n')
  const run = spawnSync('gcc', ['-S', '-o', '-', ...args, '-'], {
    input: `${head}\nconst unsigned long long values[] = {\n${body}\n};\n`,
    encoding: 'utf8',
  })
  if (run.status !== 0) return undefined
  const values: bigint[] = []
  for (const [, directive, operand] of run.stdout.matchAll(/^\s+\.(quad|zero)\s+(-?\d+)/gm)) {
    if (directive === 'quad') values.push(BigInt.asUintN(64, BigInt(operand!)))
    else for (let bytes = Number(operand); bytes >= 8; bytes -= 8) values.push(0n)
  }
  return values.length === names.length ? values : undefined
}

/** `NUMBER MESSAGE` lines as the C library words them. */
function errnoMessages(): string {
  const source = join(scratch, 'messages.c')
  const binary = join(scratch, 'messages')
  writeFileSync(
    source,
    '#include <stdio.h>\n#include <string.h>\nint main(void) { for (int e = 1; e < 160; e++) printf("%d %s\\n", e, strerror(e)); }\n',
  )
  execFileSync('gcc', ['-w', '-o', binary, source])
  const lines = execFileSync(binary, { encoding: 'utf8', env: { LC_ALL: 'C' } })
    .split('\n')
    .filter(line => line !== '' && !/Unknown error/.test(line))
  return `${[`# strerror of glibc ${libcVersion}`, ...lines].join('\n')}\n`
}
