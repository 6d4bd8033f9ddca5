// JSON of unknown origin, read with the path of what is wrong in it.

import { PackageError } from '../errors/index.ts'

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue }

export type JsonObject = { readonly [name: string]: JsonValue }

/** A value with where it stands. What is asked of it and is not so is a PackageError. */
export class JsonNode {
  readonly value: JsonValue | undefined
  readonly #file: string
  readonly #path: string

  constructor(file: string, value: JsonValue | undefined, path = '') {
    this.#file = file
    this.#path = path
    this.value = value
  }

  /** Absent or null, which eunomia writes for an empty list. */
  get isEmpty(): boolean {
    return this.value === undefined || this.value === null
  }

  at(name: string): JsonNode {
    const path = this.#path === '' ? name : `${this.#path}.${name}`
    // own properties only: a name like `constructor` is no answer
    const found = isObject(this.value) && Object.hasOwn(this.value, name) ? this.value[name] : undefined
    return new JsonNode(this.#file, found, path)
  }

  /** Elements; none when it is absent. */
  list(): JsonNode[] {
    if (this.isEmpty) return []
    if (!Array.isArray(this.value)) throw this.wrong('a list')
    return this.value.map((each, i) => new JsonNode(this.#file, each, `${this.#path}[${i}]`))
  }

  object(): JsonObject {
    if (!isObject(this.value)) throw this.wrong('an object')
    return this.value
  }

  string(): string {
    if (typeof this.value !== 'string') throw this.wrong('a string')
    return this.value
  }

  optionalString(): string | undefined {
    return this.isEmpty ? undefined : this.string()
  }

  /** A whole number from 0 to `max`. */
  count(max: number): number {
    if (typeof this.value !== 'number' || !Number.isInteger(this.value)) throw this.wrong('a whole number')
    if (this.value < 0 || this.value > max) throw this.error(`${this.value} is not between 0 and ${max}`)
    return this.value
  }

  flag(otherwise: boolean): boolean {
    if (this.isEmpty) return otherwise
    if (typeof this.value !== 'boolean') throw this.wrong('true or false')
    return this.value
  }

  wrong(needed: string): PackageError {
    const { value } = this
    const is =
      value === undefined
        ? 'it is missing'
        : `not ${value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`}`
    return this.error(`${needed} is needed, ${is}`)
  }

  error(what: string, cause?: unknown): PackageError {
    return new PackageError(this.#file, what, {
      ...(this.#path === '' ? {} : { path: this.#path }),
      ...(cause === undefined ? {} : { cause }),
    })
  }
}

export const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
