import type { AppRouter } from '@products/api-contract';
import type { RestMeta, RestRoute } from '@products/api-contract/server';
import type { AnyTRPCProcedure, AnyTRPCRouter } from '@trpc/server';
import { z } from 'zod';

/** A procedure of the router as the adapters need it. */
export interface ServedProcedure {
  /** `products.list` */
  readonly name: string;
  readonly type: 'query' | 'mutation';
  readonly rest: RestRoute | null;
  /** JSON Schema of the input object's fields; empty without input. */
  readonly inputFields: Readonly<Record<string, JsonSchema>>;
  readonly inputSchema: JsonSchema;
}

/** A procedure with a route of its own. */
export type RoutedProcedure = ServedProcedure & { readonly rest: RestRoute };

export type JsonSchema = z.core.JSONSchema.BaseSchema;

export function listRoutes(router: AppRouter): RoutedProcedure[] {
  return listProcedures(router).filter((procedure): procedure is RoutedProcedure => procedure.rest !== null);
}

export function listProcedures(router: AppRouter): ServedProcedure[] {
  const { procedures }: { procedures: Record<string, AnyTRPCProcedure> } = (router as AnyTRPCRouter)._def;
  return Object.entries(procedures).map(([name, { _def: definition }]) => {
    const { type, inputs } = definition;
    if (type === 'subscription') throw new Error(`${name}: subscriptions have no REST form`);
    const { rest } = definition.meta as RestMeta;
    const [input] = inputs;
    const inputSchema: JsonSchema =
      input instanceof z.ZodType ? z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }) : {};
    return { name, type, rest, inputSchema, inputFields: (inputSchema.properties ?? {}) as Record<string, JsonSchema> };
  });
}
