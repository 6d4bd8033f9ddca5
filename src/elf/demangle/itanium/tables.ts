// The codes of the Itanium C++ ABI that stand for fixed words (section 5.1 of its text).

/** Operators by code: how they are written, and how an expression with one is made of its operands. */
export const OPERATORS: Readonly<
  Record<string, readonly [text: string, form: 'prefix' | 'binary' | 'postfix' | 'other']>
> = {
  nw: ['new', 'other'],
  na: ['new[]', 'other'],
  dl: ['delete', 'other'],
  da: ['delete[]', 'other'],
  aw: ['co_await', 'other'],
  ps: ['+', 'prefix'],
  ng: ['-', 'prefix'],
  ad: ['&', 'prefix'],
  de: ['*', 'prefix'],
  co: ['~', 'prefix'],
  nt: ['!', 'prefix'],
  pl: ['+', 'binary'],
  mi: ['-', 'binary'],
  ml: ['*', 'binary'],
  dv: ['/', 'binary'],
  rm: ['%', 'binary'],
  an: ['&', 'binary'],
  or: ['|', 'binary'],
  eo: ['^', 'binary'],
  aS: ['=', 'binary'],
  pL: ['+=', 'binary'],
  mI: ['-=', 'binary'],
  mL: ['*=', 'binary'],
  dV: ['/=', 'binary'],
  rM: ['%=', 'binary'],
  aN: ['&=', 'binary'],
  oR: ['|=', 'binary'],
  eO: ['^=', 'binary'],
  ls: ['<<', 'binary'],
  rs: ['>>', 'binary'],
  lS: ['<<=', 'binary'],
  rS: ['>>=', 'binary'],
  eq: ['==', 'binary'],
  ne: ['!=', 'binary'],
  lt: ['<', 'binary'],
  gt: ['>', 'binary'],
  le: ['<=', 'binary'],
  ge: ['>=', 'binary'],
  ss: ['<=>', 'binary'],
  aa: ['&&', 'binary'],
  oo: ['||', 'binary'],
  cm: [',', 'binary'],
  pm: ['->*', 'binary'],
  ds: ['.*', 'binary'],
  dt: ['.', 'binary'],
  pt: ['->', 'binary'],
  pp: ['++', 'postfix'],
  mm: ['--', 'postfix'],
  cl: ['()', 'other'],
  ix: ['[]', 'other'],
  qu: ['?', 'other'],
}

export const BUILTIN_TYPES: Readonly<Record<string, string>> = {
  v: 'void',
  w: 'wchar_t',
  b: 'bool',
  c: 'char',
  a: 'signed char',
  h: 'unsigned char',
  s: 'short',
  t: 'unsigned short',
  i: 'int',
  j: 'unsigned int',
  l: 'long',
  m: 'unsigned long',
  x: 'long long',
  y: 'unsigned long long',
  n: '__int128',
  o: 'unsigned __int128',
  f: 'float',
  d: 'double',
  e: 'long double',
  g: '__float128',
  z: '...',
}

/** Behind a `D`. */
export const EXTENDED_TYPES: Readonly<Record<string, string>> = {
  d: 'decimal64',
  e: 'decimal128',
  f: 'decimal32',
  h: 'half',
  u: 'char8_t',
  s: 'char16_t',
  i: 'char32_t',
  a: 'auto',
  c: 'decltype(auto)',
  n: 'decltype(nullptr)',
}

/** Behind an `S`: what is written, what it is short for, and the class's own name. */
export const ABBREVIATIONS: Readonly<Record<string, readonly [text: string, full: string, bare: string]>> = {
  a: ['std::allocator', 'std::allocator', 'allocator'],
  b: ['std::basic_string', 'std::basic_string', 'basic_string'],
  s: [
    'std::string',
    'std::basic_string<char, std::char_traits<char>, std::allocator<char> >',
    'basic_string',
  ],
  i: ['std::istream', 'std::basic_istream<char, std::char_traits<char> >', 'basic_istream'],
  o: ['std::ostream', 'std::basic_ostream<char, std::char_traits<char> >', 'basic_ostream'],
  d: ['std::iostream', 'std::basic_iostream<char, std::char_traits<char> >', 'basic_iostream'],
}

/** How a literal of a type ends; others have their type in front. */
export const LITERAL_SUFFIX: Readonly<Record<string, string>> = {
  int: '',
  'unsigned int': 'u',
  long: 'l',
  'unsigned long': 'ul',
  'long long': 'll',
  'unsigned long long': 'ull',
}

/** Names of one thing that belong to another, by code. */
export const SPECIAL_NAMES: Readonly<Record<string, string>> = {
  TV: 'vtable for ',
  TT: 'VTT for ',
  TI: 'typeinfo for ',
  TS: 'typeinfo name for ',
  TF: 'typeinfo fn for ',
  TJ: 'java Class for ',
  TA: 'template parameter object for ',
  GV: 'guard variable for ',
  TW: 'TLS wrapper function for ',
  TH: 'TLS init function for ',
  GA: 'hidden alias for ',
}
