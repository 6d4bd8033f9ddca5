// Which existing names a misspelt one may have meant, for "did you mean" in messages.

/** Up to three names within a small edit distance of `name` or containing it, nearest first. */
export function nearNames(name: string, candidates: Iterable<string>): string[] {
  const wanted = name.toLowerCase()
  const limit = Math.max(1, Math.floor(wanted.length / 3))
  const scored: { candidate: string; distance: number }[] = []
  for (const candidate of new Set(candidates)) {
    const other = candidate.toLowerCase()
    if (other === '') continue
    if (wanted.length >= 3 && other.includes(wanted)) {
      scored.push({ candidate, distance: limit + 1 + (other.length - wanted.length) / 1000 })
    } else if (Math.abs(other.length - wanted.length) <= limit) {
      const distance = editDistance(wanted, other)
      if (distance <= limit) scored.push({ candidate, distance })
    }
  }
  scored.sort((a, b) => a.distance - b.distance)
  return scored.slice(0, 3).map(s => s.candidate)
}

/** `, did you mean "a" or "b"?`, or '' when nothing is near. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const near = nearNames(name, candidates).map(n => `"${n}"`)
  return near.length === 0 ? '' : `, did you mean ${near.join(' or ')}?`
}

/** Levenshtein distance with a swap of neighbours counted as one. */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j]!, before[j - 2]! + 1)
      }
    }
    before = last
    last = row
  }
  return last[b.length]!
}
