// @boundaries-ignore shared by every package, and therefore at the root
import { configureTests } from '../../vitest.base.config.js';
import { LongestFirst } from './tests/longest-first.js';

export default configureTests({
  globalSetup: './tests/global-setup.ts',
  setupFiles: './tests/stop-leftovers.ts',
  firstSuite: {
    // A process and its modules for each file cost 20 s of CPU; files share no state but that of `backend.ts`.
    isolate: false,
    // Three on two cores: tests wait for processes more than they compute.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
  },
});
