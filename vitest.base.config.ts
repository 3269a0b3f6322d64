import path from 'node:path';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

interface PackageOptions {
  readonly globalSetup?: string;
  readonly setupFiles?: string;
  /** Of the first suite. */
  readonly firstSuite?: NonNullable<ViteUserConfig['test']>;
}

/** The tests of a package: `tests/*.test.ts`, or with `--mode stack` those that need programs of the system. */
export function configureTests({ globalSetup, setupFiles, firstSuite }: PackageOptions = {}) {
  return defineConfig(({ mode }) => ({
    test: {
      hookTimeout: 60_000,
      expect: { poll: { timeout: 10_000 } },
      reporters: ['default', path.join(import.meta.dirname, 'tooling/slowest-files/times-reporter.mjs')],
      globalSetup: globalSetup ?? [],
      setupFiles: setupFiles ?? [],
      ...(mode === 'stack'
        ? { include: ['tests/stack/*.test.ts'], testTimeout: 180_000 }
        : { include: ['tests/*.test.ts'], testTimeout: 120_000, ...firstSuite }),
    },
  }));
}
