/** Of the tables below. A file of another version is moved aside. */
export const SCHEMA_VERSION = 1;

/** `seq` grows with receipt: what is oldest by it is removed first. */
export const SCHEMA = `
  CREATE TABLE processes (
    id INTEGER PRIMARY KEY,
    service TEXT NOT NULL,
    tags TEXT NOT NULL,
    UNIQUE (service, tags)
  );
  CREATE TABLE operations (
    service TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (service, name, kind)
  ) WITHOUT ROWID;
  CREATE TABLE spans (
    seq INTEGER PRIMARY KEY,
    trace_id TEXT NOT NULL,
    span_id TEXT NOT NULL,
    parent_id TEXT NOT NULL,
    process_id INTEGER NOT NULL,
    service TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    start_us INTEGER NOT NULL,
    duration_us INTEGER NOT NULL,
    is_error INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    tags TEXT NOT NULL,
    logs TEXT NOT NULL,
    links TEXT NOT NULL
  );
  CREATE INDEX spans_of_trace ON spans (trace_id);
  CREATE TABLE traces (
    trace_id TEXT PRIMARY KEY,
    start_us INTEGER NOT NULL,
    end_us INTEGER NOT NULL,
    root_rank INTEGER NOT NULL,
    root_start_us INTEGER NOT NULL,
    root_service TEXT NOT NULL,
    root_name TEXT NOT NULL,
    status TEXT NOT NULL,
    spans INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    received_ms INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX traces_by_start ON traces (start_us);
  CREATE TABLE lines (
    seq INTEGER PRIMARY KEY,
    time_ms REAL NOT NULL,
    level TEXT NOT NULL,
    service TEXT NOT NULL,
    message TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    span_id TEXT NOT NULL,
    received_ms INTEGER NOT NULL,
    fields TEXT NOT NULL
  );
  CREATE INDEX lines_of_trace ON lines (trace_id);
  CREATE TABLE scrapes (
    time_ms INTEGER PRIMARY KEY,
    body BLOB NOT NULL
  );
  CREATE TABLE removed (
    what TEXT PRIMARY KEY,
    count INTEGER NOT NULL
  ) WITHOUT ROWID;
`;
