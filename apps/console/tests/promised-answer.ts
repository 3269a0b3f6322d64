// What a Jaeger promises of its answers, so that two of them can be compared.

export interface Tag {
  readonly key: string;
  readonly value: unknown;
}

export interface Trace {
  readonly traceID: string;
  readonly spans: readonly {
    readonly spanID: string;
    readonly startTime: number;
    readonly processID: string;
    readonly tags: readonly Tag[];
    readonly logs: readonly { readonly timestamp: number; readonly fields: readonly Tag[] }[];
    readonly warnings: readonly string[] | null;
  }[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string; readonly tags: readonly Tag[] }>>;
}

const byKey = (tags: readonly Tag[]) => [...tags].sort((a, b) => (a.key < b.key ? -1 : 1));

/** What is promised of an answer: not the order, nor the numbering of processes, nor the deltas of clocks. */
export function promised(data: unknown[] | null): unknown {
  const normal = (data ?? []).map((each) => {
    if (typeof each !== 'object' || each === null || !('spans' in each)) return each;
    const { traceID, spans, processes } = each as Trace;
    return {
      traceID,
      spans: spans
        .map(({ processID, tags, logs, warnings, ...span }) => {
          const { serviceName, tags: processTags = [] } = processes[processID] ?? { serviceName: '' };
          const kept = (warnings ?? []).filter((warning) => !warning.includes('delta'));
          const sorted = logs.map(({ timestamp, fields }) => ({ timestamp, fields: byKey(fields) }));
          const process = { serviceName, processTags: byKey(processTags) };
          return { ...span, tags: byKey(tags), logs: sorted, warnings: kept, ...process };
        })
        .sort((a, b) => (a.spanID < b.spanID ? -1 : 1)),
    };
  });
  return normal.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
