import type { Names } from './names.js';

/** A line of a table that lists every resource. */
export interface Insertion {
  readonly file: string;
  /** What it comes in front of: never a resource that may be taken out. */
  readonly before: RegExp;
  readonly text: string;
}

export function insertions({ path, many, Many, one, One, table, Words }: Names): Insertion[] {
  const contract = 'packages/api-contract/src';
  const telemetry = 'packages/telemetry/src/contract';
  const typesOf = (types: readonly string[], from: string) =>
    `export type { ${types.join(', ')} } from './${path}/${from}.js';\n`;
  return [
    { file: `${contract}/tags.ts`, before: /^ {2}diagnostics:/m, text: `  ${many}: '${Words.many}',\n` },
    {
      file: `${contract}/named-schemas.ts`,
      before: /^import \{ slowResultSchema/m,
      text: `import { ${one}ChangesSchema, ${one}ListSchema, ${one}Schema, new${One}Schema } from './${path}/schemas.js';\n`,
    },
    {
      file: `${contract}/named-schemas.ts`,
      before: /^ {2}SlowResult:/m,
      text: `  ${One}: ${one}Schema,\n  ${One}List: ${one}ListSchema,\n`,
    },
    {
      file: `${contract}/named-schemas.ts`,
      before: /^\} as const satisfies Record<string, z\.ZodType>;\n\n\/\*\* The body of an error/m,
      text: `  New${One}: new${One}Schema,\n  ${One}Changes: ${one}ChangesSchema,\n`,
    },
    {
      file: `${contract}/router.ts`,
      before: /^import .* from '\.\/procedure\.js'/m,
      text: `import type { ${Many}Port } from './${path}/port.js';\nimport { create${Many}Router } from './${path}/router.js';\n`,
    },
    {
      file: `${contract}/router.ts`,
      before: /^ {2}\/\*\* Undefined: the procedures are not there/m,
      text: `  readonly ${many}: ${Many}Port;\n`,
    },
    {
      file: `${contract}/router.ts`,
      before: /^ {4}health: createHealthRouter/m,
      text: `    ${many}: create${Many}Router(procedures, ports.${many}),\n`,
    },
    {
      file: `${contract}/index.ts`,
      before: /^export type \{ AppRouter \}/m,
      text: typesOf(
        [One, `${One}Changes`, `${One}Id`, `${One}List`, `${One}Page`, `${One}Removal`, `${One}Update`, `New${One}`],
        'schemas',
      ),
    },
    {
      file: `${contract}/server.ts`,
      before: /^export \{ createAppRouter/m,
      text: typesOf([`${Many}Port`], 'port') + typesOf([One], 'schemas'),
    },

    {
      file: `${telemetry}/spans.ts`,
      before: /^import .* from '\.\/statement\.js'/m,
      text: `import { ${one}Attributes, ${one}Spans } from './${path}.js';\n`,
    },
    {
      file: `${telemetry}/spans.ts`,
      before: / \} as const satisfies Record<string, Attribute>;\n\nexport type IdAttribute/m,
      text: `, ...${one}Attributes`,
    },
    { file: `${telemetry}/spans.ts`, before: /^ {2}db_health_check:/m, text: `  ...${one}Spans,\n` },
    {
      file: `${telemetry}/logs.ts`,
      before: /^import type \{ spans \}/m,
      text: `import { ${one}LogEvents, ${one}LogFields } from './${path}.js';\n`,
    },
    { file: `${telemetry}/logs.ts`, before: /^ {2}limit: \{/m, text: `  ...${one}LogFields,\n` },
    { file: `${telemetry}/logs.ts`, before: /^ {2}slow_operation_started:/m, text: `  ...${one}LogEvents,\n` },

    {
      file: 'packages/db/src/schema.ts',
      before: /^\/\*\* Every table/m,
      text: `/** ${Words.many}, as both transports show them. */
export const ${many} = pgTable('${table}', {
  id: serial('id').primaryKey(),
  name: varchar('name', { length: 200 }).notNull(),
});

`,
    },
    { file: 'packages/db/src/schema.ts', before: /(?<=export const tables = \[[^\]]*),?\s*\];/, text: `, ${many}` },
    {
      file: 'packages/db/src/index.ts',
      before: /^export \{ assertSchema/m,
      text: `export { ${many} } from './schema.js';\n`,
    },

    {
      file: 'apps/backend/src/services/ports.ts',
      before: /^import .* from '\.\/run-query\.js'/m,
      text: `import { create${Many} } from './${path}/${path}.js';\n`,
    },
    {
      file: 'apps/backend/src/services/ports.ts',
      before: /^ {4}diagnostics: /m,
      text: `    ${many}: create${Many}({ database, runQuery, logger }),\n`,
    },

    {
      file: 'tooling/acceptance/src/corpus.ts',
      before: /^import \{\n {2}type CorpusRequest/m,
      text: `import { ${one}Requests } from './${path}.js';\n`,
    },
    {
      file: 'tooling/acceptance/src/corpus.ts',
      before: /(?<=addedRequests: readonly CorpusRequest\[\] = \[)/,
      text: `...${one}Requests, `,
    },
    {
      file: 'CHANGELOG.md',
      before: /^\n### Changed/m,
      text: `- ${Words.many}: \`/${path}\` and the procedures \`${many}.*\`.\n`,
    },
  ];
}
