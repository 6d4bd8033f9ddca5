// prctl's arguments, which its option decides.
// Memory is fetched after the call, whatever the command: one record then does for the commands that need none.
import { CAPTURE_CSTR } from '../../record.ts'
import { type Argument, when } from '../argument.ts'
import { printSignal } from '../scalars.ts'
import { late } from '../struct.ts'

const PR_SET_PDEATHSIG = 1
const PR_GET_PDEATHSIG = 2
const PR_SET_NAME = 15
const PR_GET_NAME = 16
const PR_CAPBSET_READ = 23
const PR_CAPBSET_DROP = 24
const PR_GET_CHILD_SUBREAPER = 37
const PR_SET_DUMPABLE = 4
const PR_SET_SECCOMP = 22
const PR_SET_TIMERSLACK = 29
const COMM_BYTES = 16

/** How many arguments an option of prctl has beside itself; four where nothing is known. */
const PRCTL_ARGUMENTS = new Map([
  [PR_SET_PDEATHSIG, 1],
  [PR_GET_PDEATHSIG, 1],
  [3, 0],
  [PR_SET_DUMPABLE, 1],
  [7, 0],
  [8, 1],
  [PR_SET_NAME, 1],
  [PR_GET_NAME, 1],
  [21, 0],
  [PR_SET_SECCOMP, 2],
  [PR_CAPBSET_READ, 1],
  [PR_CAPBSET_DROP, 1],
  [27, 0],
  [28, 1],
  [PR_SET_TIMERSLACK, 1],
  [30, 0],
  [36, 1],
  [PR_GET_CHILD_SUBREAPER, 1],
  [0x59616d61, 1],
])
/** these take small numbers and not addresses */
const PRCTL_NUMBERS = new Set([PR_SET_DUMPABLE, 8, 28, PR_SET_TIMERSLACK, 36, 38, 39, 41, 42])

export const prctlArguments: readonly Argument[] = [1, 2, 3, 4].map(index =>
  when(
    call => index <= (PRCTL_ARGUMENTS.get(call.lo[0]!) ?? 4),
    late(
      arg => (arg === 1 ? [{ op: CAPTURE_CSTR, arg, when: 'exit', limit: COMM_BYTES }] : []),
      (w, call, arg) => {
        const option = call.lo[0]! | 0
        if (option === PR_SET_PDEATHSIG && arg === 1) printSignal(w, call, call.lo[arg]! | 0)
        else if (
          (option === PR_SET_NAME || option === PR_GET_NAME) &&
          call.output(arg) &&
          (option === PR_SET_NAME || !call.failed)
        ) {
          w.string(call.bytes, call.at, call.length, call.truncated)
        } else if ((option === PR_CAPBSET_READ || option === PR_CAPBSET_DROP) && arg === 1)
          call.families.enum('CAPABILITIES').print(w, call.lo[arg]!)
        else if (PRCTL_NUMBERS.has(option)) w.u64(call.lo[arg]!, call.hi[arg]!)
        else w.hex(call.lo[arg]!, call.hi[arg]!)
      },
    ),
  ),
)
