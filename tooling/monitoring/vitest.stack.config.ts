import { defineConfig } from 'vitest/config';

// The second suite: it needs promtool, and fails where it is missing.
export default defineConfig({
  test: {
    include: ['tests/stack/*.test.ts'],
    testTimeout: 180_000,
  },
});
