// Histograms as bcc draws them, which is what runqlat and its kin print.

const STARS = 40

/** Slot i counts values from 2^i to 2^(i+1) - 1, the first 0 and 1. Empty text when nothing was counted. */
export function drawLog2(slots: readonly number[], unit: string): string {
  const last = slots.findLastIndex(each => each > 0)
  if (last < 0) return ''
  // numbers beyond 2^32 make the columns wide and the bars short
  const wide = last > 32
  const [width, stars] = wide ? [20, STARS / 2] : [10, STARS]
  const rows = slots.slice(0, last + 1).map((count, i) => {
    const low = i === 0 ? 0n : 1n << BigInt(i)
    const high = (1n << BigInt(i + 1)) - 1n
    return `${`${low}`.padStart(width)} -> ${`${high}`.padEnd(width)} : ${bar(count, slots, stars)}`
  })
  const heading = `${' '.repeat(wide ? 15 : 5)}${unit.padEnd(wide ? 29 : 19)} : count    distribution\n`
  return heading + rows.join('')
}

/** Slot i counts the value i. */
export function drawLinear(slots: readonly number[], unit: string): string {
  const last = slots.findLastIndex(each => each > 0)
  if (last < 0) return ''
  const rows = slots
    .slice(0, last + 1)
    .map((count, i) => `        ${`${i}`.padEnd(10)} : ${bar(count, slots, STARS)}`)
  return `     ${unit.padEnd(13)} : count     distribution\n${rows.join('')}`
}

function bar(count: number, slots: readonly number[], width: number): string {
  const most = Math.max(...slots)
  return `${`${count}`.padEnd(8)} |${'*'.repeat(Math.floor((count * width) / most)).padEnd(width)}|\n`
}
