/** The outcome of the lines that this process sends over OTLP. */
export const logRecordCounts = { exported: 0, dropped: 0 };
