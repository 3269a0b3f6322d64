import { aggregate, complement, divideBy, select } from '../promql.js';
import { badRatio, type ObjectiveName, objectives, sloWindows } from '../slo.js';
import type { Dashboard, Row } from './specification.js';

const FASTEST_BURN = 14.4;

function renderObjective(name: ObjectiveName): Row {
  const { title, budget } = objectives[name];
  const burnRate = (window: (typeof sloWindows)[number]) => divideBy(badRatio(name, window), budget);
  return {
    title,
    panels: [
      {
        kind: 'number',
        title: `Good, ${name}`,
        description: 'Share of requests of the last three days that were as promised.',
        unit: 'percentunit',
        queries: [{ expression: complement(badRatio(name, '3d')), legend: 'good' }],
      },
      {
        kind: 'number',
        title: `Budget use, ${name}`,
        description: 'How fast the last three days used up the error budget: at 1 it lasts exactly a month.',
        unit: 'none',
        queries: [{ expression: burnRate('3d'), legend: 'burn rate' }],
        limit: 1,
      },
      {
        kind: 'graph',
        title: `Burn rate, ${name}`,
        description: 'How fast the error budget is used up, over several windows: at 1 it lasts exactly a month.',
        unit: 'none',
        queries: sloWindows.map((window) => ({ expression: burnRate(window), legend: window })),
        limit: FASTEST_BURN,
      },
    ],
  };
}

export const serviceObjectives: Dashboard = {
  uid: 'products-objectives',
  title: 'Products: objectives',
  description:
    'What the service promises, and how much of the error budget is used. Probes and diagnostics do not count.',
  variables: [],
  rows: [
    renderObjective('availability'),
    renderObjective('latency'),
    {
      title: 'Alerts',
      panels: [
        {
          kind: 'graph',
          title: 'Alerts',
          description: 'Pending and firing.',
          unit: 'short',
          queries: [
            {
              expression: aggregate('sum', ['alertname', 'alertstate', 'severity'], select('ALERTS')),
              legend: '{{alertname}} {{alertstate}} {{severity}}',
            },
          ],
        },
      ],
    },
  ],
};
