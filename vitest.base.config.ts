import { defineConfig } from 'vitest/config';

interface PackageOptions {
  readonly globalSetup?: string;
  /** Of the first suite. */
  readonly maxWorkers?: number;
}

/** The tests of a package: `tests/*.test.ts`, or with `--mode stack` those that need programs of the system. */
export function configureTests({ globalSetup, ...ofFirstSuite }: PackageOptions = {}) {
  return defineConfig(({ mode }) => ({
    test: {
      hookTimeout: 60_000,
      expect: { poll: { timeout: 10_000 } },
      globalSetup: globalSetup ?? [],
      ...(mode === 'stack'
        ? { include: ['tests/stack/*.test.ts'], testTimeout: 180_000 }
        : { include: ['tests/*.test.ts'], testTimeout: 120_000, ...ofFirstSuite }),
    },
  }));
}
