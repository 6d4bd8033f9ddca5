// Memory allocation flags in the kernel's words, for `%gr` (include/linux/gfp_types.h, trace/events/mmflags.h).

/** The bits, lowest first; bit 9 is not used. */
const BITS = [
  'DMA',
  'HIGHMEM',
  'DMA32',
  'MOVABLE',
  'RECLAIMABLE',
  'HIGH',
  'IO',
  'FS',
  'ZERO',
  '',
  'DIRECT_RECLAIM',
  'KSWAPD_RECLAIM',
  'WRITE',
  'NOWARN',
  'RETRY_MAYFAIL',
  'NOFAIL',
  'NORETRY',
  'MEMALLOC',
  'COMP',
  'NOMEMALLOC',
  'HARDWALL',
  'THISNODE',
  'ACCOUNT',
  'ZEROTAGS',
  'SKIP_ZERO',
  'SKIP_KASAN',
  'NO_OBJ_EXT',
] as const

const of = (...names: (typeof BITS)[number][]): number =>
  names.reduce((bits, name) => bits | (1 << BITS.indexOf(name)), 0)

const NOIO = of('DIRECT_RECLAIM', 'KSWAPD_RECLAIM')
const NOFS = NOIO | of('IO')
const KERNEL = NOFS | of('FS')
const USER = KERNEL | of('HARDWALL')
const HIGHUSER = USER | of('HIGHMEM')
const MOVABLE = HIGHUSER | of('MOVABLE', 'SKIP_KASAN')
const LIGHT = (MOVABLE | of('COMP', 'NOMEMALLOC', 'NOWARN')) & ~NOIO

/** What several flags together are called; the first that fits is taken. */
const TOGETHER: readonly (readonly [number, string])[] = [
  [LIGHT | of('DIRECT_RECLAIM'), 'GFP_TRANSHUGE'],
  [LIGHT, 'GFP_TRANSHUGE_LIGHT'],
  [MOVABLE, 'GFP_HIGHUSER_MOVABLE'],
  [HIGHUSER, 'GFP_HIGHUSER'],
  [USER, 'GFP_USER'],
  [KERNEL | of('ACCOUNT'), 'GFP_KERNEL_ACCOUNT'],
  [KERNEL, 'GFP_KERNEL'],
  [NOFS, 'GFP_NOFS'],
  [of('HIGH', 'KSWAPD_RECLAIM'), 'GFP_ATOMIC'],
  [NOIO, 'GFP_NOIO'],
  [of('KSWAPD_RECLAIM', 'NOWARN'), 'GFP_NOWAIT'],
  [of('DMA'), 'GFP_DMA'],
  [of('DMA32'), 'GFP_DMA32'],
]

/** `GFP_KERNEL|__GFP_ZERO`; bits without a name in hex. */
export function gfpFlagsText(flags: bigint): string {
  if (flags === 0n) return '0'
  const known = [...TOGETHER, ...BITS.map((name, bit) => [1 << bit, `__GFP_${name}`] as const)]
  const words: string[] = []
  let rest = flags
  for (const [bits, name] of known) {
    const wanted = BigInt(bits)
    if (name === '__GFP_' || (rest & wanted) !== wanted) continue
    words.push(name)
    rest &= ~wanted
  }
  if (rest !== 0n) words.push(`0x${rest.toString(16)}`)
  return words.join('|')
}
