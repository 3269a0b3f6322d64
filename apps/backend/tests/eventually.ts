import { vi } from 'vitest';

/** Resolves once the check passes; a machine that is slow gets the time that it needs. */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 60_000, interval: 20 });
}
