// CI's last word on the tests: a suite that was left out (no Redis, an ordinary user where root is needed) has not passed.
import { readFileSync } from 'node:fs'

const results = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const leftOut = results.testResults.flatMap((file) => file.assertionResults.filter((test) => test.status !== 'passed'))

for (const test of leftOut) console.error(`left out: ${test.fullName}`)
if (leftOut.length > 0 || results.numTotalTests === 0) process.exit(1)
