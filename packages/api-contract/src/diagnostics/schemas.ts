import { z } from 'zod';

export const slowResultSchema = z.object({
  message: z.string().meta({ examples: ['Opération lente terminée'] }),
  delay_seconds: z.number().meta({ examples: [5] }),
  timestamp: z.string().meta({ description: 'UTC, to the second', examples: ['2024-12-14T21:30:00'] }),
});

export type SlowResult = z.infer<typeof slowResultSchema>;
