import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Prepares what the store runs again and again. */
export function prepare(database: DatabaseSync): Record<StatementName, StatementSync> {
  const entries = Object.entries(statements).map(([name, sql]) => [name, database.prepare(sql)]);
  return Object.fromEntries(entries) as Record<StatementName, StatementSync>;
}

type StatementName = keyof typeof statements;

const statements = {
  insertSpan: `INSERT INTO spans (trace_id, span_id, parent_id, process_id, service, name, kind, start_us, duration_us, is_error,
    flags, received_ms, tags, logs, links) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  upsertTrace: `INSERT INTO traces (trace_id, start_us, end_us, root_rank, root_start_us, root_service, root_name, status, spans,
      errors, received_ms)
    VALUES (:trace_id, :start_us, :end_us, :rank, :start_us, :service, :name, :status, 1, :errors, :received_ms)
    ON CONFLICT (trace_id) DO UPDATE SET
      start_us = min(start_us, excluded.start_us),
      end_us = max(end_us, excluded.end_us),
      root_service = CASE WHEN (excluded.root_rank, excluded.root_start_us) < (root_rank, root_start_us)
        THEN excluded.root_service ELSE root_service END,
      root_name = CASE WHEN (excluded.root_rank, excluded.root_start_us) < (root_rank, root_start_us)
        THEN excluded.root_name ELSE root_name END,
      root_start_us = CASE WHEN (excluded.root_rank, excluded.root_start_us) < (root_rank, root_start_us)
        THEN excluded.root_start_us ELSE root_start_us END,
      root_rank = min(root_rank, excluded.root_rank),
      status = CASE WHEN excluded.status <> '' THEN excluded.status ELSE status END,
      spans = spans + 1,
      errors = errors + excluded.errors,
      received_ms = excluded.received_ms`,
  upsertProcess: `INSERT INTO processes (service, tags) VALUES (?, ?)
    ON CONFLICT (service, tags) DO UPDATE SET service = excluded.service RETURNING id`,
  insertOperation: 'INSERT OR IGNORE INTO operations (service, name, kind) VALUES (?, ?, ?)',
  insertLine: `INSERT INTO lines (time_ms, level, service, message, trace_id, span_id, received_ms, fields)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  insertScrape: 'INSERT OR REPLACE INTO scrapes (time_ms, body) VALUES (?, ?)',
  // The oldest by their order first: their times have no index.
  deleteSpans: `DELETE FROM spans WHERE seq IN (
      SELECT seq FROM (SELECT seq, received_ms FROM spans ORDER BY seq LIMIT ?) WHERE received_ms < ?)
    RETURNING trace_id`,
  deleteEmptyTrace: `DELETE FROM traces WHERE trace_id = ?
    AND NOT EXISTS (SELECT 1 FROM spans WHERE spans.trace_id = traces.trace_id)`,
  deleteLines: `DELETE FROM lines WHERE seq IN (
    SELECT seq FROM (SELECT seq, received_ms FROM lines ORDER BY seq LIMIT ?) WHERE received_ms < ?)`,
  deleteScrapes: `DELETE FROM scrapes WHERE time_ms IN (
    SELECT time_ms FROM (SELECT time_ms FROM scrapes ORDER BY time_ms LIMIT ?) WHERE time_ms < ?)`,
  selectSpanTime: 'SELECT received_ms FROM spans ORDER BY seq LIMIT 1 OFFSET ?',
  selectLineTime: 'SELECT received_ms FROM lines ORDER BY seq LIMIT 1 OFFSET ?',
  countRemoved: `INSERT INTO removed (what, count) VALUES (?, ?)
    ON CONFLICT (what) DO UPDATE SET count = count + excluded.count`,
  selectRemoved: 'SELECT count FROM removed WHERE what = ?',
} as const;
