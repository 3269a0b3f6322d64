// @boundaries-ignore shared by every package, and therefore at the root
import { configureTests } from '../../vitest.base.config.js';

// Its tests wait for processes more than they compute.
export default configureTests({ globalSetup: './tests/global-setup.ts', maxWorkers: 2 });
