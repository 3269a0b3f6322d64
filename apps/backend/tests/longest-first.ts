import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Without the times of an earlier run, vitest starts large files first: these are small and take long. */
const SMALL_AND_LONG = /(export|verify-telemetry|telemetry-delivery|crash|secrets|overload|read-replica)\.test\.ts$/;

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const { long = [], others = [] } = Object.groupBy(sorted, ({ moduleId }) =>
      SMALL_AND_LONG.test(moduleId) ? 'long' : 'others',
    );
    return [...long, ...others];
  }
}
