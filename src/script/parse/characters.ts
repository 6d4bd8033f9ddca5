// What kind of character a byte is, as one table look-up: the scanners ask this for every byte of a script.

export const isIdentifierStart = (code: number): boolean => (classes[code]! & 1) !== 0
/** Letters, digits and the underscore. */
export const isIdentifierPart = (code: number): boolean => (classes[code]! & 3) !== 0
export const isDigit = (code: number): boolean => code >= 48 && code <= 57
export const isHexDigit = (code: number): boolean => (classes[code]! & 4) !== 0
/** Space, tab, newline, vertical tab, form feed, carriage return. */
export const isSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13)

/** Bit 0: a letter or `_`; bit 1: a digit; bit 2: a hexadecimal digit. Index 256 stands for the end of the text. */
const classes = new Uint8Array(257)
for (let code = 0; code < 256; code++) {
  const letter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95
  const digit = code >= 48 && code <= 57
  const hex = digit || (code >= 65 && code <= 70) || (code >= 97 && code <= 102)
  classes[code] = (letter ? 1 : 0) | (digit ? 2 : 0) | (hex ? 4 : 0)
}

/** What `Scanner.code` and `Scanner.codeAt` answer past the end. */
export const endOfText = 256
