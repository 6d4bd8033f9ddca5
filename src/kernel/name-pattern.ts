// Names with wildcards, as probes have them: `*` and nothing else.

/** What a name with wildcards accepts: `*` stands for any characters, also none. */
export function nameMatcher(pattern: string): (name: string) => boolean {
  const parts = pattern.split('*')
  const [first = '', last = ''] = [parts[0], parts.at(-1)]
  if (parts.length === 1) return name => name === pattern
  const middle = parts.slice(1, -1)
  return name => {
    if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last))
      return false
    const end = name.length - last.length
    let at = first.length
    for (const part of middle) {
      const found = name.indexOf(part, at)
      if (found < 0 || found + part.length > end) return false
      at = found + part.length
    }
    return true
  }
}
