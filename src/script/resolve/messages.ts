// What can be wrong with a probe that is well written, on this machine; in bpftrace's words.

import { messages } from '../diagnostics/message.ts'

export const resolveMessages = messages('resolve', {
  noMatches: 'No matches for {provider} {target}.',
  noMatchesSkipped: { warning: 'No matches for {provider} {target}. Skipping.' },
  noAttachPoints:
    "Probe has no valid attach points. If this is expected, set the 'missing_probes' config variable to 'warn'.",
  noAttachPointsSkipped: {
    warning:
      'Probe has no valid attach points. It is being removed which may cause issues with program behavior.',
  },
  tooManyProbes: "Can't attach to {count} probes because it exceeds the current limit of {limit} probes.",
  moduleNotLoaded: 'specified module {module} in probe {provider}:{module}:{function} is not loaded.',
  noFile: "{provider} target file '{path}' does not exist or is not executable",
  severalFiles: { warning: "attaching to {provider} target file '{path}' but matched {count} binaries" },
  noTracefs: 'tracepoints cannot be listed: {problem}',
  sourceLine: 'a source line as target needs debug information (DWARF), which is not read',
  offsetOutside: "Offset outside the function bounds ('{function}' size is {size})",
  noBoundary:
    'Could not determine boundary for {function} (symbol has size 0).\nUse --unsafe to force attachment. WARNING: This option could lead to data corruption in the target process.',
  addressOutside: 'Could not resolve address: {path}:{address}',
  notTraceable: {
    warning:
      '{function} is not traceable (either non-existing, inlined, or marked as "notrace"); attaching to it will likely fail',
  },
  returnOffset: 'uretprobes can not be attached to a function offset',
  missingFeature: '{provider} probes need {feature}, which this kernel does not have',
  unknownIterator: 'iter {name} not available for your kernel version.',
})
