/** Nothing is reached from elsewhere. */
export const HOST = '127.0.0.1';

/** Ports that the receivers have where they are free. */
export const usualPorts = { page: 16_686, compact: 6_831, binary: 6_832, collector: 14_268, otlp: 4_318 } as const;

export type Ports = Readonly<Record<keyof typeof usualPorts, number>>;
