// The command `bee` for scripts: runs them in bpftrace's language, and lists what they can trace.

import { environBytes, setProcessName } from '../sys/index.ts'
import { parseBeeArguments } from './bee-arguments.ts'
import { BEE_HELP, BEE_SYNOPSIS } from './bee-help.ts'
import { exitWith, Printed, print, say } from './bee-voice.ts'
import { takeCaller } from './caller.ts'
import { flushCompileCache } from './compile-cache.ts'
import { kernelInfo } from './kernel-info.ts'
import { runList } from './script-list.ts'
import { runScript } from './script-run.ts'
import { VERSION } from './version.ts'

async function main(): Promise<number> {
  const caller = takeCaller(environBytes())
  const args = parseBeeArguments(process.argv.slice(2))
  switch (args.kind) {
    case 'help':
      print(BEE_HELP)
      return 0
    case 'version':
      print(`bee ${VERSION}\n`)
      return 0
    case 'info':
      print(kernelInfo())
      return 0
    case 'list': {
      const printed = new Printed()
      const status = runList(args, printed.print, text => {
        printed.flush()
        say(text)
      })
      printed.flush()
      return status
    }
    case 'script': {
      // so that a script about programs of Node.js can leave us out: /comm == "node"/
      setProcessName('bee')
      const printed = new Printed()
      const status = await runScript(args, caller, { print: printed.print, say })
      printed.flush()
      flushCompileCache()
      return status
    }
  }
}

exitWith(main(), `${BEE_SYNOPSIS}Try 'bee --help'.\n`)
