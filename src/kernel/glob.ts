// Names with wildcards, as probes and the kernel's filters have them: `*` any text, `?` one character, `[a-z]` a set.

/** Whether a pattern names more than itself. */
export const isGlob = (pattern: string): boolean => /[*?[]/.test(pattern)

/** A test for whole names. A `[` without its `]` stands for itself. */
export function globMatcher(pattern: string): (name: string) => boolean {
  if (!isGlob(pattern)) return name => name === pattern
  let source = ''
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!
    const end = char === '[' ? pattern.indexOf(']', i + 2) : -1
    if (char === '*') source += '.*'
    else if (char === '?') source += '.'
    else if (end > 0) {
      const negated = pattern[i + 1] === '!' || pattern[i + 1] === '^'
      const set = pattern.slice(i + (negated ? 2 : 1), end).replace(/[\\\]^]/g, '\\$&')
      source += `[${negated ? '^' : ''}${set}]`
      i = end
    } else source += char.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  }
  const regex = new RegExp(`^${source}$`, 's')
  return name => regex.test(name)
}
