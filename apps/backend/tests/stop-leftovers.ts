import { afterAll } from 'vitest';
import { STOP_TIMEOUT_MS, stopLeftovers } from './backend.js';

// What a test that failed has left running must not outlive its file.
afterAll(stopLeftovers, 2 * STOP_TIMEOUT_MS);
