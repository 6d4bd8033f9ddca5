// What `bee run` takes for a package, and packages from the network.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { packageCommand, readPackageText } from '../../src/cli/package-source.ts'
import { BeetraceError, PackageError, UsageError } from '../../src/errors/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'beetrace-package-source-'))
after(() => rmSync(folder, { recursive: true }))
const plain = join(folder, 'tool')
writeFileSync(plain, '\n  {"bpf_object": ""}')

const commands: [argv: string[], expected: object | undefined | RegExp][] = [
  [['package.json', '--pid', '1'], { source: 'package.json', json: false, rest: ['--pid', '1'] }],
  [['-j', 'p.json', '-j'], { source: 'p.json', json: true, rest: ['-j'] }],
  [['-'], { source: '-', json: false, rest: [] }],
  [['-p', 'json', 'x'], { source: 'x', json: false, rest: [] }],
  [['-p', 'JsonEunomia', 'x'], { source: 'x', json: false, rest: [] }],
  [['https://example.com/p', '-h'], { source: 'https://example.com/p', json: false, rest: ['-h'] }],
  [[plain], { source: plain, json: false, rest: [] }],
  [['tool.bpf.o'], undefined],
  [['--lenient', 'p.json'], undefined],
  [['/no/such/file'], undefined],
  [[folder], undefined],
  [[], undefined],
  [['-p', 'elf', 'x'], /-p takes json, not "elf"/],
  [['-p', 'json'], /needs a package/],
  [['app.wasm'], /app\.wasm: WebAssembly modules are not run here/],
  [['tool.tar'], /tool\.tar: an archive of ecc -b/],
  [['package.yaml'], /packages are JSON here/],
]
for (const [argv, expected] of commands)
  test(`bee run ${argv.join(' ').replace(folder, 'FOLDER')}`, () => {
    if (expected instanceof RegExp)
      assert.throws(
        () => packageCommand(argv),
        (error: unknown) => error instanceof UsageError && expected.test(error.message),
      )
    else assert.deepEqual(packageCommand(argv), expected)
  })

test('a package is fetched; what the server says otherwise is told', async () => {
  const server = createServer((request, response) => {
    // a connection that was kept is said to have closed, and not to have been refused
    response.setHeader('connection', 'close')
    if (request.url === '/endless') {
      const part = Buffer.alloc(1 << 20, 0x20)
      const more = () => {
        while (response.write(part));
        response.once('drain', more)
      }
      more()
    } else if (request.url === '/package') response.end('{"é":1}')
    else response.writeHead(404).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    assert.deepEqual(await readPackageText(`${base}/package`), { text: '{"é":1}', file: `${base}/package` })
    await assert.rejects(
      readPackageText(`${base}/no`),
      (error: unknown) =>
        error instanceof PackageError && /cannot be fetched: the server answers 404/.test(error.message),
    )
    await assert.rejects(readPackageText(`${base}/endless`), /more than \d+ bytes are too many for a package/)
  } finally {
    server.closeAllConnections()
    server.close()
  }
  await assert.rejects(readPackageText(`${base}/package`), /cannot be fetched: .*ECONNREFUSED/)
  await assert.rejects(
    readPackageText('/no/such.json'),
    (error: unknown) => error instanceof BeetraceError && /cannot read \/no\/such\.json/.test(error.message),
  )
})
