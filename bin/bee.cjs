// Where Node starts for the command bee. Written so that an old Node can read it and say what is wrong.
const { start } = require('./start.cjs')

// Objects and scripts have little in common. A script of one of these names is run as ./run
const OF_OBJECTS = ['run', 'build', 'prog', 'gen', 'btf']

start(OF_OBJECTS.includes(process.argv[2]) ? 'bee-object' : 'bee')
