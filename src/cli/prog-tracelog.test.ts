// The words of `bee prog tracelog`, which are bpftool's.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsageError } from '../errors/index.ts'
import { parseTracelog, type TracelogArguments } from './prog-tracelog.ts'

const check = (line: string, expected: TracelogArguments | RegExp) =>
  test(`tracelog ${line}`, () => {
    const parse = () => parseTracelog(line === '' ? [] : line.split(' '))
    if (!(expected instanceof RegExp)) assert.deepEqual(parse(), expected)
    else assert.throws(parse, error => error instanceof UsageError && expected.test(error.message))
  })

check('', { kind: 'prints', json: false })
check('-j', { kind: 'prints', json: true })
check('stdout id 7', { kind: 'stream', stream: 'stdout', program: { kind: 'id', value: '7' } })
check('stde name x', { kind: 'stream', stream: 'stderr', program: { kind: 'name', value: 'x' } })
check('stderr pinned /p', { kind: 'stream', stream: 'stderr', program: { kind: 'pinned', value: '/p' } })
check('stderr tag 5b', { kind: 'stream', stream: 'stderr', program: { kind: 'tag', value: '5b' } })
check('std id 7', /neither stdout nor stderr/)
check('stderr', /a program is said by id/)
check('stderr id', /a program is said by id/)
check('stderr id x', /no id of a program/)
check('stderr id 7 8', /"8" is too much/)
