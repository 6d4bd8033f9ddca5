// The names that the grammar itself must know: some builtins cannot be a macro's parameter or a record's field, and in
// `sizeof(x)` a known type is a type while an unknown bare word may be an expression.

const builtins = new Set(['args', 'ctx', 'kstack', 'nsecs', 'pid', 'tid', 'ustack'])

/** Whether bpftrace's grammar treats the word as a builtin: the list above, `arg0` …, `sarg0` …, `__builtin_…`. */
export function isReservedBuiltin(name: string): boolean {
  return builtins.has(name) || /^(?:s?arg[0-9]+|__builtin_[a-z_]+)$/.test(name)
}

/** The types that have a name of their own, without C definitions or BTF. */
export const builtinTypeNames: ReadonlySet<string> = new Set([
  'bool',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'void',
  'min_t',
  'max_t',
  'sum_t',
  'count_t',
  'avg_t',
  'stats_t',
  'umin_t',
  'umax_t',
  'usum_t',
  'uavg_t',
  'ustats_t',
  'timestamp',
  'macaddr_t',
  'cgroup_path_t',
  'string',
  'buffer',
  'inet',
  'username_t',
])
