import { z } from 'zod';

const timestamp = z.string().meta({ description: 'UTC, to the second', examples: ['2024-12-14T21:30:00'] });
const service = z.literal('backend');

export const healthUpSchema = z.object({
  status: z.literal('UP'),
  service,
  database: z.literal('connected'),
  timestamp,
});

export const healthDegradedSchema = z.object({
  status: z.literal('DEGRADED'),
  service,
  database: z.literal('disconnected'),
  timestamp,
});

export type Health = z.infer<typeof healthUpSchema> | z.infer<typeof healthDegradedSchema>;
