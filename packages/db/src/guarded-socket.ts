import { Socket } from 'node:net';

/**
 * A socket whose listeners may throw: node-postgres's parser throws at an unknown message, which would end the process. Here
 * it ends the connection.
 */
export class GuardedSocket extends Socket {
  override emit(event: string | symbol, ...values: unknown[]): boolean {
    if (event !== 'data') return super.emit(event, ...values);
    try {
      return super.emit(event, ...values);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      this.destroy(Object.assign(new Error(`not PostgreSQL’s protocol: ${reason}`, { cause }), { code: 'EPROTO' }));
      return true;
    }
  }
}
