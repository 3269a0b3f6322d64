import type { z } from 'zod';
import { slowResultSchema } from './diagnostics/schemas.js';
import { healthDegradedSchema, healthUpSchema } from './health/schemas.js';
import { productListSchema, productSchema } from './products/schemas.js';

/** The bodies of successful REST responses, by the name that the OpenAPI document gives them. */
export const responseSchemas = {
  Product: productSchema,
  ProductList: productListSchema,
  SlowResult: slowResultSchema,
  HealthUp: healthUpSchema,
  HealthDegraded: healthDegradedSchema,
} as const satisfies Record<string, z.ZodType>;

export type ResponseSchemaName = keyof typeof responseSchemas;
