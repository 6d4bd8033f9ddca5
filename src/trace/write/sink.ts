// What a decoder says about a value, without saying how it looks: the text line and the JSON line are two sinks.
// Every value is written by exactly one call, after `field` or `item` where it belongs to a struct or an array.

export interface Sink {
  /** `{` … `}` with `field`s */
  struct(): void
  endStruct(): void
  field(name: string): void
  /** a field whose C form names itself: `inet_pton(AF_INET6, "::1", &sin6_addr)` */
  positional(name: string): void
  /** `[` … `]` with `item`s */
  array(): void
  endArray(): void
  item(): void
  /** fields of a struct that are not shown, by custom: `...`; nothing in JSON */
  abbreviated(): void
  /** an array was cut: `...` */
  more(): void

  i32(value: number): void
  u32(value: number): void
  /** 64 bits as two halves */
  i64(lo: number, hi: number): void
  u64(lo: number, hi: number): void
  /** `0x1f`, and `0` for nothing */
  hex(lo: number, hi: number): void
  /** at least three digits: `0644`, `000` */
  octal(value: number): void
  /** an address: `0x7f…`, `NULL` */
  pointer(lo: number, hi: number): void
  /** `NAME(…)`, with `value` alone where no C is wanted: `htons(80)` */
  call(name: string, value: number): void
  /** text of ours inside C: `inet_addr("127.0.0.1")`; JSON has the text alone */
  quotedCall(name: string, text: string, tail?: string): void

  /** bytes of the program's memory as a string */
  string(bytes: Uint8Array, start: number, count: number, cut: boolean): void
  /** bytes that are never text: `"\x3f\x05"`, in JSON hexadecimal digits */
  hexString(bytes: Uint8Array, start: number, count: number, cut: boolean): void
  /** a constant's name, or an expression of them */
  symbol(name: string): void
  /** a number without a name in a family: `0x63 /* SEEK_??? *\/` */
  unknown(lo: number, hi: number, family: string): void
  /** a word of flags with none set: `0` */
  noFlags(): void
  /** names of set bits: `flag` and `rest` between `flags` and `endFlags` */
  flags(): void
  endFlags(): void
  flag(name: string): void
  /** bits that have no name, or what else stands in the word */
  rest(lo: number, hi: number): void
  restDecimal(value: number): void
  /** a set of short names: `[INT CHLD]`, `~[KILL]` */
  set(negated: boolean): void
  endSet(): void
  member(name: string): void
  /** an abstract socket's name, its first byte the NUL: `@"…"` */
  abstractName(bytes: Uint8Array, start: number, count: number): void
  /** a result that is a word of bits; JSON has it as a number */
  resultHex(lo: number, hi: number): void
  /** a result that is an address: `0x7f…` */
  resultAddress(lo: number, hi: number): void
  /** what a result means, behind it: ` (Timeout)`; in JSON the field `meaning` */
  meaning(text: string): void
  openMeaning(): void
  closeMeaning(): void
  /** parts of a meaning: ` (in [3], left {…})`, in JSON an object */
  openParts(): void
  part(name: string): void
  closeParts(): void
  /** behind a value: ` /* 23 vars *\/`; JSON leaves it out */
  comment(text: string): void
  commentCount(count: number, noun: string): void
  /** a descriptor with what it refers to: `3</etc/passwd>` */
  fd(value: number, path: string): void
  fdSymbol(name: string, path: string): void
  /** a value that the call replaced: `change`, old, `to`, new, `endChange` */
  change(): void
  to(): void
  endChange(): void
}
