import { parser } from '@grafana/lezer-logql';

interface LogqlParts {
  /** The labels that choose the streams: `service="backend"`. */
  readonly streams: readonly string[];
  /** The fields of the lines that it looks at. */
  readonly fields: readonly string[];
}

/**
 * Takes a query for lines, or for counts of them, apart.
 *
 * @throws {Error} when it is no LogQL
 */
export function takeApart(logql: string): LogqlParts {
  const streams: string[] = [];
  const fields: string[] = [];
  parser.parse(logql).iterate({
    enter: (node) => {
      if (node.type.isError) throw new Error(`no LogQL at ${node.from}: ${logql}`);
      const text = logql.slice(node.from, node.to);
      if (node.name === 'Matcher' && node.matchContext(['Matchers'])) streams.push(text);
      else if (node.name === 'Identifier' && !node.matchContext(['Matchers', 'Matcher'])) fields.push(text);
    },
  });
  return { streams, fields };
}
