import pg from 'pg';

/** The types whose values are numbers here, whatever node-postgres makes of them: an adopted table may have any of them. */
const NUMBERS: ReadonlySet<number> = new Set([pg.types.builtins.INT8, pg.types.builtins.NUMERIC]);

/**
 * Reads values as node-postgres does, `bigint` and `numeric` as numbers. A number that a double cannot hold is rounded to the
 * nearest that it can.
 */
export const typeParsers: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    NUMBERS.has(oid) && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format),
};
