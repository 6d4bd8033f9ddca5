// Names in a skeleton, from names in an object.

/** The property of a section of variables: `.rodata` is `rodata`, `.data.by_cpu` is `data_by_cpu`. */
export const sectionProperty = (section: string): string =>
  section.replace(/^\./, '').replace(/[^A-Za-z0-9_]/g, '_')

/** `tcp_conn_lat` is `TcpConnLat`; what would be no identifier gets an underscore. */
export function pascalCase(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter(word => word !== '')
  const joined = words.map(word => word[0]!.toUpperCase() + word.slice(1)).join('')
  return /^[A-Za-z]/.test(joined) ? joined : `_${joined}`
}

/** A string literal. Names are an object's, which may be anybody's: they must not end it. */
export const quoted = (text: string): string =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`

/** Text of a comment, which must not end it. */
export const comment = (text: string): string => text.replaceAll('*/', '*\\/').replace(LINE_ENDS, ' ')

const LINE_ENDS = /[\r\n\u2028\u2029]/g
