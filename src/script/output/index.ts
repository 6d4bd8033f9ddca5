// Printing: values, maps and formats, as text or JSON.
export { applyFormat, checkFormat, type Format, parseFormat } from './format.ts'
export { JsonOutput } from './json-output.ts'
export { emptyScalar, type MapView, type MapViewOptions, mapView, type RawElement } from './map-view.ts'
export type { Names } from './names.ts'
export type { HelperError, Output, SourcePlace } from './output.ts'
export { Printf } from './printf.ts'
export { decodeShown, type Shown } from './shown.ts'
export { TextOutput } from './text-output.ts'
