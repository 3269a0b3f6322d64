import { z } from 'zod';

/** The answer of the slow operation. */
export interface SlowResult {
  /** What was waited for, in French. */
  message: string;
  delay_seconds: number;
  /** UTC, to the second. */
  timestamp: string;
}

export const slowResultSchema = z.object({
  message: z.string().meta({ examples: ['Réponse après 5 secondes de latence'] }),
  delay_seconds: z.number().meta({ format: 'double', examples: [5] }),
  timestamp: z.string().meta({ description: 'UTC, to the second', examples: ['2024-12-14T21:30:00'] }),
}) satisfies z.ZodType<SlowResult>;
