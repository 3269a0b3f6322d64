import { z } from 'zod';
import { isSecret } from './fields.js';

export type Environment = Readonly<Record<string, string | undefined>>;

type Fields = Readonly<Record<string, z.ZodType>>;
type Values<Shape extends Fields> = { readonly [Name in keyof Shape]: z.output<Shape[Name]> };

/** One variable that does not have an allowed value. */
export interface Problem {
  readonly variable: string;
  /** The variable, its value unless secret, and the allowed values, in one line. */
  readonly message: string;
}

/** A blank variable is an unset one (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#parsing-empty-value). */
export function isSet(environment: Environment, variable: string): boolean {
  return (environment[variable]?.trim() ?? '') !== '';
}

/**
 * Reads the variables that the shape declares. A variable with a problem has its default in `values`, so that a caller may
 * go on.
 */
export function parseEnvironment<const Shape extends Fields>(
  shape: Shape,
  environment: Environment,
): { values: Values<Shape>; problems: Problem[] } {
  const schema = z.object(shape);
  const present = Object.fromEntries(
    Object.keys(shape)
      .filter((name) => isSet(environment, name))
      .map((name) => [name, environment[name]]),
  );
  const result = schema.safeParse(present);
  // zod's output type loses the fields of a read-only shape.
  if (result.success) return { values: result.data as Values<Shape>, problems: [] };
  const problems = result.error.issues.map((issue): Problem => {
    const variable = String(issue.path[0]);
    const shown = isSecret(shape[variable]) ? '' : `=${JSON.stringify(present[variable])}`;
    return { variable, message: `${variable}${shown} (${issue.message})` };
  });
  for (const { variable } of problems) delete present[variable];
  return { values: schema.parse(present) as Values<Shape>, problems };
}
