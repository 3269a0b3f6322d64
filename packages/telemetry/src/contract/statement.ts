// What the spans of SQL statements have in common.

export const failureAttributes = ['error', 'error.type'] as const;

/** A statement that reads no table. */
export const statement = {
  kind: 'CLIENT',
  attributes: [
    'db.type',
    'db.statement',
    'db.system.name',
    'db.namespace',
    'db.query.text',
    'db.operation.name',
    'server.address',
    'server.port',
  ],
  optionalAttributes: ['db.response.status_code', ...failureAttributes],
} as const;

/** A statement on the rows of a table. */
export const statementOn = <Table extends string>(table: Table) =>
  ({ ...statement, attributes: [...statement.attributes, 'db.collection.name'], table }) as const;

/** A statement on one row, whose id this attribute has. */
export const statementOnOne = <Table extends string, Id extends string>(table: Table, id: Id) =>
  ({ ...statementOn(table), optionalAttributes: [...statement.optionalAttributes, id] }) as const;
