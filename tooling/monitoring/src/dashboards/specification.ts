import type { Vector } from '../promql.js';

/** A unit of Grafana's. */
type Unit = 'reqps' | 'ops' | 'cps' | 's' | 'percentunit' | 'short' | 'bytes' | 'none';

export interface Query {
  readonly expression: Vector;
  /** Labels in double braces. */
  readonly legend: string;
  /** Whether the panel shows traces of single requests beside the curve. */
  readonly hasExemplars?: true;
}

interface Described {
  readonly title: string;
  readonly description: string;
}

export interface MetricPanel extends Described {
  readonly kind: 'graph' | 'number';
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** From where on it is bad: a red line, or a red number. */
  readonly limit?: number;
}

export interface LogPanel extends Described {
  /** The lines themselves, or counts of them. */
  readonly kind: 'logs' | 'log counts';
  readonly logql: string;
  readonly legend?: string;
}

export interface TracePanel extends Described {
  readonly kind: 'traces';
  /** Tags that the spans have, as Jaeger's search takes them. */
  readonly tags: string;
}

export type Panel = MetricPanel | LogPanel | TracePanel;

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** A label to choose values of, at the top of a dashboard; by default all. */
export interface Variable {
  readonly name: string;
  readonly query: string;
}

export interface Dashboard extends Described {
  /** Also the name of its file. */
  readonly uid: string;
  readonly variables: readonly Variable[];
  readonly rows: readonly Row[];
}
