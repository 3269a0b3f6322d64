import type { AppRouter } from '@products/api-contract';
import { type Caller, malformedJson, type ProcedureMeta, REFUSED, type RestRoute } from '@products/api-contract/server';
import { type AnyTRPCProcedure, type AnyTRPCRouter, callTRPCProcedure } from '@trpc/server';
import { z } from 'zod';

/** A procedure of the router as the transports need it. */
export interface Procedure extends ProcedureMeta {
  /** `products.list` */
  readonly name: string;
  readonly type: 'query' | 'mutation';
  /** JSON Schema of the input object's fields; empty without input. */
  readonly inputFields: Readonly<Record<string, JsonSchema>>;
  readonly inputSchema: JsonSchema;
}

/** A procedure with a REST route. */
export type RestProcedure = Procedure & { readonly rest: RestRoute };

export type JsonSchema = z.core.JSONSchema.BaseSchema;

export function isRest(procedure: Procedure): procedure is RestProcedure {
  return procedure.rest !== null;
}

/** The name of an input's field as a parameter of the REST route. */
export function parameterOf({ parameterNames = {}, headers = {} }: RestRoute, field: string): string {
  return headers[field] ?? parameterNames[field] ?? field;
}

export function hasBody({ method }: RestRoute): boolean {
  return method === 'POST' || method === 'PATCH';
}

/** Where a REST request has a field of the input. */
export function sourceOf(rest: RestRoute, field: string): 'path' | 'header' | 'query' | 'body' {
  if (rest.path.includes(`{${field}}`)) return 'path';
  if (Object.hasOwn(rest.headers ?? {}, field)) return 'header';
  return hasBody(rest) ? 'body' : 'query';
}

/** @throws {Error} when one is a subscription, which has no REST form. */
export function listProcedures(router: AppRouter): Procedure[] {
  const { procedures }: { procedures: Record<string, AnyTRPCProcedure> } = (router as AnyTRPCRouter)._def;
  return Object.entries(procedures).map(([name, { _def: definition }]) => {
    const { type, inputs } = definition;
    if (type === 'subscription') throw new Error(`${name}: subscriptions have no REST form`);
    const [input] = inputs;
    const inputSchema: JsonSchema =
      input instanceof z.ZodType ? z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }) : {};
    const properties = Object.entries(inputSchema.properties ?? {}) as [string, JsonSchema][];
    const inputFields = Object.fromEntries(properties.filter(([, field]) => field[REFUSED] !== true));
    return { ...(definition.meta as ProcedureMeta), name, type, inputSchema, inputFields };
  });
}

/**
 * Calls a procedure as tRPC's adapters do; one without input does not read it.
 *
 * @throws {TRPCError}
 */
export function callProcedure(
  router: AppRouter,
  { name, type }: Pick<Procedure, 'name' | 'type'>,
  readInput: () => unknown,
  caller: Caller,
): Promise<unknown> {
  return callTRPCProcedure({
    router,
    path: name,
    type,
    ctx: { caller },
    getRawInput: async () => readInput(),
    signal: caller.signal,
    batchIndex: 0,
  });
}

/** @throws {ApiError} BAD_REQUEST */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformedJson(cause);
  }
}
