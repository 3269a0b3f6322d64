import { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from '@products/api-contract/server';
import type { RequestSpan } from '@products/telemetry';
import type { Express as ExpressApp } from 'express';

// How Express's types are extended (@types/express).
declare global {
  namespace Express {
    interface Response {
      /**
       * Names and values of headers in turn, sent unless `setHeader()` has set them otherwise. `setHeader()` itself costs
       * half a microsecond for each.
       */
      readonly headerList: string[];
      /** From the arrival of its request. */
      caller?: Caller;
      /** From the arrival of its request. */
      requestSpan?: RequestSpan;
    }
  }
}

/** A response of the server. */
export type AppResponse = ServerResponse & Express.Response;

/** Given to `http.createServer()`, which then makes its requests and responses of them. */
export interface MessageClasses {
  readonly IncomingMessage: typeof IncomingMessage;
  readonly ServerResponse: typeof ServerResponse;
}

/**
 * Classes of the server's requests and responses that have Express's methods from the start. Express would give each object
 * another prototype, for 2 µs a request.
 */
export function createMessageClasses(app: ExpressApp): MessageClasses {
  class Request extends IncomingMessage {}
  class Response extends ServerResponse {
    readonly headerList: string[] = [];
    caller?: Caller;
    requestSpan?: RequestSpan;

    /** Called by Node.js too, for a response whose head nothing has written. */
    override writeHead(status: number): this {
      // Node.js writes a list at once, but not beside headers that have been set.
      if (this.getHeaderNames().length === 0) return super.writeHead(status, this.headerList);
      for (let index = 0; index < this.headerList.length; index += 2) {
        const [name = '', value = ''] = [this.headerList[index], this.headerList[index + 1]];
        // What an answer depends on adds up.
        if (name === 'Vary') app.response.vary.call(this as never, value);
        else if (!this.hasHeader(name)) this.setHeader(name, value);
      }
      return super.writeHead(status);
    }
  }
  app.request = Object.setPrototypeOf(Request.prototype, app.request);
  app.response = Object.setPrototypeOf(Response.prototype, app.response);
  return { IncomingMessage: Request, ServerResponse: Response as typeof ServerResponse };
}
