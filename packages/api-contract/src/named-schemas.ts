// Schemas that have a name in the OpenAPI document.
import type { z } from 'zod';
import { slowResultSchema } from './diagnostics/schemas.js';
import { errorBodySchema, errorCodeSchema, issueSchema } from './errors.js';
import { healthDegradedSchema, healthUpSchema } from './health/schemas.js';
import { newProductSchema, productChangesSchema, productListSchema, productSchema } from './products/schemas.js';

/** The bodies of successful REST responses, by the name that the OpenAPI document gives them. */
export const responseSchemas = {
  Product: productSchema,
  ProductList: productListSchema,
  SlowResult: slowResultSchema,
  HealthUp: healthUpSchema,
  HealthDegraded: healthDegradedSchema,
} as const satisfies Record<string, z.ZodType>;

/** The bodies of REST requests, by the name that the OpenAPI document gives them. */
export const requestSchemas = {
  NewProduct: newProductSchema,
  ProductChanges: productChangesSchema,
} as const satisfies Record<string, z.ZodType>;

/** The body of an error and its parts, by the name that the OpenAPI document gives them. */
export const errorSchemas = {
  // `Error` is a type of most languages that clients are generated in.
  ErrorBody: errorBodySchema,
  ErrorCode: errorCodeSchema,
  ErrorIssue: issueSchema,
} as const satisfies Record<string, z.ZodType>;

export type RequestSchemaName = keyof typeof requestSchemas;

export type ResponseSchemaName = keyof typeof responseSchemas;
