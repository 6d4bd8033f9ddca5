// Where Node starts for the command bee. Written so that an old Node can read it and say what is wrong.
import { start } from './start.mjs'

start('bee')
