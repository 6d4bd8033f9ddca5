// Where Node starts for the command bee. Written so that an old Node can read it and say what is wrong.
const { start } = require('./start.cjs')

start('bee')
