import {
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  LogsSortOrder,
  ReduceDataOptionsBuilder,
  SortOrder,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  AnnotationQueryBuilder,
  type Dashboard as BuiltDashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  QueryVariableBuilder,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as LogsBuilder } from '@grafana/grafana-foundation-sdk/logs';
import { DataqueryBuilder as LokiQueryBuilder } from '@grafana/grafana-foundation-sdk/loki';
import { DataqueryBuilder as PrometheusQueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { dataSources } from '../data-sources.js';
import { JaegerSearchBuilder } from './jaeger-search.js';
import { releases } from './releases.js';
import type { Dashboard, LogPanel, MetricPanel, Panel, Row, TracePanel, Variable } from './specification.js';

const TAG = 'products';
const GRID_WIDTH = 24;
const HEIGHT = { graph: 8, number: 4, logs: 10, 'log counts': 8, traces: 10 } as const;

/** A dashboard as Grafana imports it. */
export function renderDashboard({ uid, title, description, variables, rows }: Dashboard): BuiltDashboard {
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags([TAG])
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .readonly()
    .annotation(renderReleases())
    .link(
      new DashboardLinkBuilder('Products')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .asDropdown(true)
        .keepTime(true)
        .includeVars(true),
    );
  for (const variable of variables) builder.withVariable(renderVariable(variable));
  let id = 1;
  for (const row of rows) {
    builder.withRow(new RowBuilder(row.title).id(id++));
    const height = Math.max(...row.panels.map(({ kind }) => HEIGHT[kind]));
    for (const panel of row.panels) {
      builder.withPanel(renderPanel(panel).id(id++).span(spanOf(row)).height(height));
    }
  }
  return builder.build();
}

/** A line in every graph where a release begins to answer. */
function renderReleases() {
  return new AnnotationQueryBuilder()
    .name('Releases')
    .datasource(dataSources.prometheus)
    .enable(true)
    .iconColor('blue')
    .expr(releases.expression.promql)
    .step('60s')
    .titleFormat('Release')
    .textFormat(releases.legend);
}

/** Two graphs beside one another, or whatever fits in one line. */
function spanOf({ panels }: Row): number {
  const isOneLine = panels.length < 4 || panels.every(({ kind }) => kind === 'number');
  return isOneLine ? GRID_WIDTH / panels.length : GRID_WIDTH / 2;
}

function renderVariable({ name, query }: Variable) {
  return new QueryVariableBuilder(name)
    .datasource(dataSources.prometheus)
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ selected: true, text: 'All', value: '$__all' });
}

function renderPanel(panel: Panel) {
  const { title, description } = panel;
  return builderOf(panel).title(title).description(description);
}

function builderOf(panel: Panel): TimeseriesBuilder | StatBuilder | LogsBuilder | TableBuilder {
  switch (panel.kind) {
    case 'graph':
      return withQueries(createGraph(), panel).thresholdsStyle(
        new GraphThresholdsStyleConfigBuilder().mode(
          panel.limit === undefined ? GraphThresholdsStyleMode.Off : GraphThresholdsStyleMode.Dashed,
        ),
      );
    case 'number':
      return withQueries(new StatBuilder(), panel).reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']));
    case 'log counts':
      return createGraph().datasource(dataSources.loki).withTarget(renderLogQuery(panel));
    case 'logs':
      return new LogsBuilder()
        .datasource(dataSources.loki)
        .withTarget(renderLogQuery(panel))
        .showTime(true)
        .enableLogDetails(true)
        .sortOrder(LogsSortOrder.Descending);
    case 'traces':
      return renderTraces(panel);
  }
}

function createGraph(): TimeseriesBuilder {
  return new TimeseriesBuilder()
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
}

function withQueries<B extends TimeseriesBuilder | StatBuilder>(builder: B, { unit, queries, limit }: MetricPanel): B {
  builder.datasource(dataSources.prometheus).unit(unit).min(0);
  if (limit !== undefined) builder.thresholds(renderLimit(limit));
  for (const [index, { expression, legend, hasExemplars }] of queries.entries()) {
    builder.withTarget(
      new PrometheusQueryBuilder()
        .refId(String.fromCharCode('A'.charCodeAt(0) + index))
        .expr(expression.promql)
        .legendFormat(legend)
        .range()
        .exemplar(hasExemplars ?? false),
    );
  }
  return builder;
}

function renderLimit(limit: number) {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([
    { value: null, color: 'green' },
    { value: limit, color: 'red' },
  ]);
}

function renderLogQuery({ logql, legend = '' }: LogPanel) {
  return new LokiQueryBuilder().refId('A').expr(logql).legendFormat(legend).queryType('range');
}

function renderTraces({ tags }: TracePanel) {
  return new TableBuilder().datasource(dataSources.jaeger).withTarget(new JaegerSearchBuilder(tags));
}
