import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/*.test.ts'],
    globalSetup: ['./tests/global-setup.ts'],
    testTimeout: 120_000,
    // They wait for processes more than they compute.
    maxWorkers: 2,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
  },
});
