// What an error of a kernel helper means to the author of a script.

import { errno } from '../../errors/index.ts'
import { errnoText } from './errno-text.ts'

/** @param helper without `bpf_`; `code` is a negative errno */
export function explainHelperError(helper: string, code: number): string {
  if (helper === 'map_update_elem' && code === -errno.E2BIG) {
    return (
      "Map full; can't update element. Try increasing max_map_keys config or manually setting the max entries " +
      'in a map declaration e.g. `let @a = hash(5000)`'
    )
  }
  if (helper === 'map_delete_elem' && code === -errno.ENOENT)
    return "Can't delete map element because it does not exist."
  if (helper === 'map_lookup_elem') return "Can't lookup map element because it does not exist."
  return errnoText(code)
}
