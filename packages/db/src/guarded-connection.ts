import type { Duplex } from 'node:stream';
import pg from 'pg';

/** What @types/pg does not declare of node-postgres's Connection. */
interface Listening {
  attachListeners(stream: Duplex): void;
}

/**
 * node-postgres's connection, whose parser throws at an unknown message, which would end the process. Here it ends the
 * connection, with TLS and without.
 */
export class GuardedConnection extends pg.Connection {
  attachListeners(stream: Duplex): void {
    guard(stream);
    (pg.Connection.prototype as unknown as Listening).attachListeners.call(this, stream);
  }
}

/** Lets the stream's data listeners throw. */
function guard(stream: Duplex): void {
  const emit = stream.emit.bind(stream);
  stream.emit = (event: string | symbol, ...values: unknown[]): boolean => {
    if (event !== 'data') return emit(event as string, ...values);
    try {
      return emit(event, ...values);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      stream.destroy(Object.assign(new Error(`not PostgreSQL’s protocol: ${reason}`, { cause }), { code: 'EPROTO' }));
      return true;
    }
  };
}
