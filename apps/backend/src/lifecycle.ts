import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AppResponse } from './http/response.js';

/** Requests of one connection that are answered at once; later ones on it are read and answered as these end. */
const PIPELINED_MAX = 16;

/** Requests that are held in the whole process, each about 2.5 kB; a connection that adds more is closed. */
const HELD_MAX = 10_000;

/** How long a client may take to close a connection after its last answer. */
const LINGER_MS = 1_000;

interface Connection {
  readonly peer: string | undefined;
  /** Whether it has sent a whole head of a request. */
  hasAsked: boolean;
  /** Open responses, oldest first. */
  readonly responses: AppResponse[];
  /** Requests that wait for an open response to close. */
  readonly held: (() => void)[];
  /** Runs once no request is left. */
  afterwards?: () => void;
}

/** Whether the service is draining, its connections, and their open responses. */
export class Lifecycle {
  #isDraining = false;
  /**
   * Open responses, per connection. A single Set would be rehashed as requests come and go, and a rehashed table in V8's old
   * generation keeps finished requests alive until a major collection.
   */
  readonly #connections = new Map<Duplex, Connection>();
  #heldCount = 0;

  /** Not ready any more: no connection is kept alive. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  trackConnection(socket: Socket): void {
    const connection: Connection = { peer: socket.remoteAddress, hasAsked: false, responses: [], held: [] };
    this.#connections.set(socket, connection);
    // Node.js takes its own listener away from a socket that it hands over; an error would then end the process.
    socket.on('error', () => {});
    // Reading a body resumes the socket.
    socket.on('resume', () => {
      if (connection.held.length > 0) socket.pause();
    });
    socket.once('close', () => {
      this.#connections.delete(socket);
      this.#heldCount -= connection.held.splice(0).length;
      // Node.js closes only the response whose turn it is, not those pipelined behind it.
      for (const response of [...connection.responses]) response.emit('close');
    });
  }

  /** Answers a request now or, behind {@link PIPELINED_MAX} others of its connection, once one of them is answered. */
  begin(response: AppResponse, answer: () => void): void {
    const { socket } = response.req;
    const connection = this.#connections.get(socket);
    // Closed meanwhile.
    if (connection === undefined) return;
    connection.hasAsked = true;
    if (connection.responses.length < PIPELINED_MAX && connection.held.length === 0) {
      this.#open(connection, response, answer);
      return;
    }
    if (this.#heldCount >= HELD_MAX) {
      socket.destroy();
      return;
    }
    connection.held.push(() => this.#open(connection, response, answer));
    this.#heldCount += 1;
    socket.pause();
  }

  #open(connection: Connection, response: AppResponse, answer: () => void): void {
    const { responses, held } = connection;
    responses.push(response);
    response.once('close', () => {
      responses.splice(responses.indexOf(response), 1);
      if (held.length > 0) setImmediate(() => this.#openNext(connection, response.req.socket));
      else if (responses.length === 0) connection.afterwards?.();
    });
    // A busy connection outlives `server.close()` unless its response has `Connection: close`.
    if (this.#isDraining) response.setHeader('Connection', 'close');
    answer();
  }

  /** One held request a turn of the event loop: a chunk of a thousand must not keep other connections waiting. */
  #openNext({ held }: Connection, socket: Socket): void {
    const next = held.shift();
    if (next === undefined) return;
    this.#heldCount -= 1;
    next();
    if (held.length === 0) socket.resume();
  }

  startDraining(): void {
    this.#isDraining = true;
    for (const response of this.openResponses()) {
      if (!response.headersSent) response.setHeader('Connection', 'close');
    }
  }

  /** All open responses. */
  openResponses(): AppResponse[] {
    return [...this.#connections.values()].flatMap(({ responses }) => responses);
  }

  /** The open responses of this connection, oldest first. */
  openResponsesOn(socket: Duplex): readonly AppResponse[] {
    return this.#connections.get(socket)?.responses ?? [];
  }

  /**
   * Called when nothing has moved on a connection for its time-out: closes one that is idle between two requests, or whose
   * client does not read its response. One that has not asked yet has the time-out of requests.
   */
  closeStalled(socket: Socket): void {
    const { hasAsked, responses } = this.#connections.get(socket) ?? { hasAsked: true, responses: [] };
    if (responses.length > 0 ? socket.writableLength > 0 : hasAsked) socket.destroy();
  }

  /** Runs the work once every request that this connection has sent is answered. */
  afterResponses(socket: Duplex, work: () => void): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined || connection.responses.length === 0) work();
    else connection.afterwards = work;
  }

  /** Closes the connections without an open response, those that never had a request included. */
  closeIdleConnections(): void {
    for (const [socket, { responses }] of this.#connections) if (responses.length === 0) socket.destroy();
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /**
   * Closes an idle connection to make room for a new one: of the peer that has most of them, the oldest that never had a
   * request, else the oldest.
   */
  makeRoomFor(newcomer: Socket): void {
    const idle = [...this.#connections].filter(
      ([socket, { responses }]) => responses.length === 0 && socket !== newcomer,
    );
    const byPeer = Map.groupBy(idle, ([, { peer }]) => peer);
    const [most = []] = [...byPeer.values()].sort((a, b) => b.length - a.length);
    const [socket] = most.find(([, { hasAsked }]) => !hasAsked) ?? most[0] ?? [];
    socket?.destroy();
  }

  /** Closes every connection, those included that Node.js has handed over. */
  closeAllConnections(): void {
    for (const socket of this.#connections.keys()) socket.destroy();
  }

  /** Resolves once the responses that are open now have emitted `close`. */
  async allClosed(): Promise<void> {
    await Promise.all(this.openResponses().map((response) => once(response, 'close')));
  }
}

/** Ends a connection after its last answer. A client that does not close it in turn is cut off. */
export function closeSoon(socket: Duplex, lastAnswer?: string): void {
  socket.end(lastAnswer);
  // Unread data would turn the close into a reset, which can overtake the answer.
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
}
