// What the launcher writes down is read back; nonsense counts as missing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Caller, takeCaller } from './caller.ts'

const take = (...environ: string[]) => takeCaller(environ.map(entry => Buffer.from(entry, 'latin1')))
const none = { ignoredSignals: undefined, blockedSignals: undefined, softNofile: undefined, fds: undefined }

const check = (variable: string, expected: Partial<Caller>) =>
  test(`BEETRACE_CALLER=${JSON.stringify(variable)}`, () => {
    const { environ, ...state } = take(`BEETRACE_CALLER=${variable}`, 'A=1')
    assert.deepEqual(state, { ...none, ...expected })
    assert.deepEqual(environ.map(String), ['A=1'])
  })

check('', {})
check('sigign=0000000000001000', { ignoredSignals: new Set([13]) })
check('sigblk=8000000000000001;sigign=0', { blockedSignals: new Set([1, 64]), ignoredSignals: new Set() })
check('nofile=1024', { softNofile: 1024 })
check('nofile=unlimited', { softNofile: Number.POSITIVE_INFINITY })
check('fds=0,1,10,2', { fds: [0, 1, 2, 10] })
check('fds=', { fds: [] })
check('sigign=xyz;sigblk=;nofile=-1;fds=a,,b;other=1', {})

const checkEnviron = (what: string, own: string[], list: string, expected: string[]) =>
  test(what, () => {
    const caller = take(...own, `BEETRACE_CALLER=fds=0;env=${list}`)
    assert.deepEqual(
      caller.environ.map(entry => entry.toString('latin1')),
      expected,
    )
    assert.deepEqual(caller.fds, [0])
  })

checkEnviron('what the shell added goes', ['A=1', 'PWD=/here', 'SHLVL=1'], 'A=1', ['A=1'])
checkEnviron('what the shell changed comes back', ['PWD=/here'], 'PWD=/there', ['PWD=/there'])
checkEnviron('what the shell dropped comes back', ['A=1'], 'BASH_FUNC_f%%=() { :;\x01}\nA=1', [
  'BASH_FUNC_f%%=() { :;\n}',
  'A=1',
])
checkEnviron('an empty environment is empty', ['PWD=/here'], '', [])
checkEnviron('a real \\001 stays', ['A=x\x01y\nz'], 'A=x\x01y\x01z', ['A=x\x01y\nz'])
checkEnviron('bytes stay', ['A=\xff\x80'], 'A=\xff\x80', ['A=\xff\x80'])
checkEnviron(';env= within a value is no field', [], 'A=;env=B', ['A=;env=B'])
checkEnviron("an outer launcher's word is not the program's", [], 'BEETRACE_CALLER=fds=7\nA=1', ['A=1'])

test('any bytes are a caller', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii' }), text => {
      const caller = take(`BEETRACE_CALLER=${text}`)
      for (const fd of caller.fds ?? []) assert.ok(fd >= 0)
    }),
  )
})
