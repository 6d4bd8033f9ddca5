// The version of this package, one line to change with package.json (a test compares them).

export const VERSION = '0.1.0'
