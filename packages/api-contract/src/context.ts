/** What a door tells a procedure about the request. */
export interface Context {
  /** Runs a procedure of a batch in a trace span of its own; what comes alone is described by the request's span. */
  readonly inProcedureSpan?: <T extends Outcome>(path: string, run: () => Promise<T>) => Promise<T>;
}

/** How tRPC's middleware hands on the end of a procedure: it never throws. */
type Outcome = { readonly ok: true } | { readonly ok: false; readonly error: Error };
