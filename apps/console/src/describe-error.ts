/** What an error says, in a line for a person. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
