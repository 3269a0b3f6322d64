import { defineConfig } from 'vitest/config';

// The second suite: it needs programs of the system beside npm's, and fails where they are missing.
export default defineConfig({
  test: {
    include: ['tests/stack/**/*.test.ts'],
    globalSetup: ['./tests/global-setup.ts'],
    testTimeout: 180_000,
    hookTimeout: 60_000,
  },
});
