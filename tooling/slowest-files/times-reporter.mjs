// A reporter of vitest: writes how long each file of the package took, hooks included.
import { writeFileSync } from 'node:fs';
import path from 'node:path';

/** Of each package; an output of turbo's task, so that a package whose tests are cached has its last times. */
export const TIMES = '.turbo/test-times.json';

const repository = path.resolve(import.meta.dirname, '../..');

export default class TimesReporter {
  onTestRunEnd(modules) {
    const times = modules.map((module) => ({
      file: path.relative(repository, module.moduleId),
      ms: module.diagnostic().duration,
    }));
    writeFileSync(TIMES, JSON.stringify(times));
  }
}
