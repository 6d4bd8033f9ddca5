// strftime(3) in the local time zone, in English, with bpftrace's `%f` (microseconds).

/**
 * @param format a byte string
 * @param epochMs the second is taken from it
 * @param ns nanoseconds within that second, for %f
 */
export function strftime(format: string, epochMs: number, ns: number): string {
  const date = new Date(epochMs)
  let text = ''
  for (let i = 0; i < format.length; i++) {
    if (format[i] !== '%' || i + 1 === format.length) {
      text += format[i]
      continue
    }
    // E and O ask for the locale's other digits, which C's own locale does not have
    let letter = format[++i]!
    if ((letter === 'E' || letter === 'O') && i + 1 < format.length) letter = format[++i]!
    text += conversion(letter, date, ns) ?? `%${letter}`
  }
  return text
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

function conversion(letter: string, date: Date, ns: number): string | undefined {
  const hour12 = date.getHours() % 12 || 12
  switch (letter) {
    case 'a':
      return DAYS[date.getDay()]!.slice(0, 3)
    case 'A':
      return DAYS[date.getDay()]!
    case 'b':
    case 'h':
      return MONTHS[date.getMonth()]!.slice(0, 3)
    case 'B':
      return MONTHS[date.getMonth()]!
    case 'c':
      return strftime('%a %b %e %H:%M:%S %Y', date.getTime(), ns)
    case 'C':
      return padded(Math.floor(date.getFullYear() / 100), 2)
    case 'd':
      return padded(date.getDate(), 2)
    case 'D':
    case 'x':
      return strftime('%m/%d/%y', date.getTime(), ns)
    case 'e':
      return padded(date.getDate(), 2, ' ')
    case 'f':
      return padded(Math.floor(ns / 1000), 6)
    case 'F':
      return strftime('%Y-%m-%d', date.getTime(), ns)
    case 'g':
      return padded(isoWeek(date).year % 100, 2)
    case 'G':
      return isoWeek(date).year.toString()
    case 'H':
      return padded(date.getHours(), 2)
    case 'I':
      return padded(hour12, 2)
    case 'j':
      return padded(dayOfYear(date) + 1, 3)
    case 'k':
      return padded(date.getHours(), 2, ' ')
    case 'l':
      return padded(hour12, 2, ' ')
    case 'm':
      return padded(date.getMonth() + 1, 2)
    case 'M':
      return padded(date.getMinutes(), 2)
    case 'n':
      return '\n'
    case 'p':
      return date.getHours() < 12 ? 'AM' : 'PM'
    case 'P':
      return date.getHours() < 12 ? 'am' : 'pm'
    case 'r':
      return strftime('%I:%M:%S %p', date.getTime(), ns)
    case 'R':
      return strftime('%H:%M', date.getTime(), ns)
    case 's':
      return Math.floor(date.getTime() / 1000).toString()
    case 'S':
      return padded(date.getSeconds(), 2)
    case 't':
      return '\t'
    case 'T':
    case 'X':
      return strftime('%H:%M:%S', date.getTime(), ns)
    case 'u':
      return (date.getDay() || 7).toString()
    case 'U':
      return padded(Math.floor((dayOfYear(date) + 7 - date.getDay()) / 7), 2)
    case 'V':
      return padded(isoWeek(date).week, 2)
    case 'w':
      return date.getDay().toString()
    case 'W':
      return padded(Math.floor((dayOfYear(date) + 7 - ((date.getDay() + 6) % 7)) / 7), 2)
    case 'y':
      return padded(date.getFullYear() % 100, 2)
    case 'Y':
      return date.getFullYear().toString()
    case 'z': {
      const east = -date.getTimezoneOffset()
      return `${east < 0 ? '-' : '+'}${padded(Math.floor(Math.abs(east) / 60), 2)}${padded(Math.abs(east) % 60, 2)}`
    }
    case 'Z':
      return zoneName(date)
    case '%':
      return '%'
    default:
      return undefined
  }
}

function padded(value: number, digits: number, fill = '0'): string {
  return value.toString().padStart(digits, fill)
}

/** From 0. Days of summer time are 23 or 25 hours long, so the hours are taken out first. */
function dayOfYear(date: Date): number {
  const day = Date.UTC(date.getFullYear(), date.getMonth(), date.getDate())
  return Math.round((day - Date.UTC(date.getFullYear(), 0, 1)) / 86_400_000)
}

/** The week that holds this week's Thursday. */
function isoWeek(date: Date): { readonly year: number; readonly week: number } {
  const thursday = new Date(date.getFullYear(), date.getMonth(), date.getDate() + 4 - (date.getDay() || 7))
  return { year: thursday.getFullYear(), week: Math.floor(dayOfYear(thursday) / 7) + 1 }
}

function zoneName(date: Date): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(date)
  return parts.find(part => part.type === 'timeZoneName')?.value ?? ''
}
