import { aggregate, select } from '../promql.js';
import type { Recording } from './rules.js';

const counted = ['job', 'instance', 'method', 'status'] as const;

/** The service's metrics under the names that the Flask service's exporter gave them, for dashboards of its days. */
export const flaskNames: readonly Recording[] = [
  { record: 'flask_http_request_total', expression: aggregate('sum', counted, select('http_requests_total')) },
  {
    record: 'flask_http_request_exceptions_total',
    expression: aggregate('sum', counted, select('http_requests_total', { status: ['=~', '5..'] })),
  },
  {
    record: 'flask_http_request_duration_seconds_bucket',
    expression: select('http_request_duration_seconds_bucket'),
  },
  { record: 'flask_http_request_duration_seconds_count', expression: select('http_request_duration_seconds_count') },
  { record: 'flask_http_request_duration_seconds_sum', expression: select('http_request_duration_seconds_sum') },
];
