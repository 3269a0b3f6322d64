/** The client that waits for a procedure. The service shares its places by connection and by peer address. */
export interface Caller {
  /** Aborted when the client leaves before it has its answer: work that has not begun is then not done. */
  readonly signal: AbortSignal;
  /** The same object for all requests of one connection. */
  readonly connection: object;
  /** Address of the other end of the connection. */
  readonly peer: string;
}

/** tRPC's context: all that a procedure is told beside its input. */
export interface ProcedureContext {
  readonly caller: Caller;
}
