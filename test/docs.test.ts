// The programs that docs/ shows are the examples, word for word: these are compiled and run (test/kernel/examples.test.ts).
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const documents = readdirSync('docs').filter(name => name.endsWith('.md'))
const shown = documents.flatMap(name =>
  [...readFileSync(`docs/${name}`, 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, text]) => ({
    name,
    text: text!,
  })),
)
const examples = readdirSync('examples').filter(name => name.endsWith('.ts') && !name.endsWith('.skel.ts'))

test('every program in docs is an example', () => {
  const texts = new Set(examples.map(name => readFileSync(`examples/${name}`, 'utf8')))
  for (const { name, text } of shown) assert.ok(texts.has(text), `docs/${name} shows no example:\n${text}`)
})

for (const name of examples)
  test(`examples/${name} is shown in docs`, () => {
    const text = readFileSync(`examples/${name}`, 'utf8')
    assert.ok(shown.some(each => each.text === text))
  })
