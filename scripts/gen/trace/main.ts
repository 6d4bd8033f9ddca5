// Writes the tables of src/trace/tables and src/kernel/uapi from the checked-in facts: node build/scripts/gen/trace/main.js
import { writeFileSync } from 'node:fs'
import { readTraceFacts } from './read-facts.ts'
import { renderTraceTables } from './render.ts'

for (const [file, text] of renderTraceTables(readTraceFacts())) writeFileSync(file, text)
