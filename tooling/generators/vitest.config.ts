// @boundaries-ignore shared by every package, and therefore at the root
import { configureTests } from '../../vitest.base.config.js';

export default configureTests();
