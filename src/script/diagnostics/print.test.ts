// How diagnostics look: bpftrace's form, byte for byte.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addSource, type Sources } from '../source.ts'
import { Diagnostics, messages, printDiagnostics } from './index.ts'

const say = messages('test', {
  undeclared: 'Undefined or undeclared variable: {name}',
  unused: { warning: 'Return value discarded.' },
  plain: 'nothing to point at',
})

const text = 'begin { $x }\n\tend {\n  "ä" + $y\n}\n'

function show(start: number, end: number): string {
  const sources: Sources = { files: [] }
  addSource(sources, 'stdin', text)
  const diagnostics = new Diagnostics()
  diagnostics.report(say.undeclared, { file: 0, start, end }, { name: '$x' })
  return printDiagnostics(sources, diagnostics)
}

test('one line is underlined, in bytes from 1', () => {
  const expected = 'stdin:1:9-11: ERROR: Undefined or undeclared variable: $x\nbegin { $x }\n        ~~\n'
  assert.equal(show(8, 10), expected)
})

test('a tab is four spaces wide', () => {
  assert.match(show(14, 17), /\nstdin|^stdin:2:2-5: .*\n {4}end \{\n {4}~~~\n$/)
})

test('a character of several bytes is underlined once', () => {
  assert.match(show(22, 26), /^stdin:3:3-7: .*\n {2}"ä" \+ \$y\n {2}~~~\n$/)
  assert.match(show(29, 31), /\n {8}~~\n$/)
})

test('several lines are shown without an underline', () => {
  assert.match(show(8, 26), /^stdin:1-3: .*\nbegin \{ \$x \}\n\tend \{\n {2}"ä" \+ \$y\n$/)
})

test('the end of the file can be pointed at', () => {
  assert.match(show(text.length + 1, text.length + 1), /^stdin:5:1-1: /)
})

test('errors first, then warnings, each with notes, hints and the way there', () => {
  const sources: Sources = { files: [] }
  addSource(sources, 'a.bt', 'one two\nthree')
  const diagnostics = new Diagnostics()
  const span = (start: number, end: number) => ({ file: 0, start, end })
  diagnostics.report(say.unused, span(0, 3), {})
  const error = diagnostics.report(
    say.undeclared,
    { ...span(4, 7), expandedFrom: span(8, 13) },
    { name: '$x' },
  )
  error.notes.push({ text: 'it was here', span: span(0, 3) })
  error.hints.push('try $y')
  diagnostics.report(say.plain, undefined)
  // the same once more is not news
  diagnostics.report(say.unused, span(0, 3), {})
  const expected = `a.bt:1:5-8: ERROR: Undefined or undeclared variable: $x
one two
    ~~~
a.bt:1:1-4: ERROR: it was here
one two
~~~
HINT: try $y
a.bt:2:1-6: ERROR: expanded from
three
~~~~~
ERROR: nothing to point at
a.bt:1:1-4: WARNING: Return value discarded.
one two
~~~
`
  assert.equal(printDiagnostics(sources, diagnostics), expected)
  assert.equal(diagnostics.errorCount, 2)
  assert.doesNotMatch(printDiagnostics(sources, diagnostics, { warnings: false }), /WARNING/)
  const colored = printDiagnostics(sources, diagnostics, { color: true }).split('\n')[0]!
  assert.equal(colored, '\u001b[31ma.bt:1:5-8: ERROR: Undefined or undeclared variable: $x\u001b[0m')
})

test('a flood is counted, not kept', () => {
  const sources: Sources = { files: [] }
  addSource(sources, 'x', 'x'.repeat(1000))
  const diagnostics = new Diagnostics()
  for (let i = 0; i < 150; i++) diagnostics.report(say.unused, { file: 0, start: i, end: i + 1 })
  assert.match(printDiagnostics(sources, diagnostics), /50 more messages are not shown\n$/)
})
