// The part of bpftrace's library (its src/stdlib) that is best said in the language itself: macros that scripts may call
// and replace by their own.

import type { Macro, NodeIds, Script } from '../ast.ts'
import type { Diagnostics } from '../diagnostics/diagnostics.ts'
import { addSource, type Sources } from '../source.ts'
import { parseFile } from './program.ts'

const TEXT = `
macro ppid(task) { task.real_parent.tgid }
macro pcomm(task) { task.real_parent.comm }
macro leader_tid(task) { task.group_leader.pid }
macro leader_comm(task) { task.group_leader.comm }
macro comm(id) {
  let $id = id;
  let $name = __task_comm($id);
  if ($name == "") { warnf("No such process (pid=%d)", $id); $name = "N/A"; }
  $name
}
macro container_of(ptr, type, member) { (type*)((uint64)ptr - offsetof(type, member)) }
`

const CALLS = /\b(ppid|pcomm|leader_tid|leader_comm|container_of|comm)\s*\(/

/** Adds the macros of the library to a script that may call them, where it has none of the same name and shape. */
export function addStandardMacros(
  script: Script,
  sources: Sources,
  nodes: NodeIds,
  diagnostics: Diagnostics,
): void {
  if (!sources.files.some(({ text }) => CALLS.test(text))) return
  const { macros } = parseFile(addSource(sources, 'stdlib/base.bt', TEXT), nodes, diagnostics)
  const taken = (macro: Macro): boolean =>
    script.macros.some(own => own.name === macro.name && own.parameters.length === macro.parameters.length)
  ;(script.macros as Macro[]).push(...macros.filter(macro => !taken(macro)))
}
