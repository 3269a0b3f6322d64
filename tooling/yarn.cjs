// What yarn runs in this folder instead of itself: .yarnrc.yml says so.
const { scripts } = require('../package.json');
const script = process.argv.slice(2).find((word) => word in scripts) ?? 'start';
process.stderr.write(`yarn does not run this repository; type: npm run ${script}\n`);
process.exitCode = 1;
