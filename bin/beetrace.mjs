// Where Node starts for the command beetrace. Written so that an old Node can read it and say what is wrong.
if (Number(process.versions.node.split('.')[0]) < 20) {
  console.error(`beetrace: Node.js 20 or newer is needed, this is ${process.versions.node}`)
  process.exit(1)
}
await import('../dist/cli/beetrace.js')
