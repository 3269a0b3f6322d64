import type { Result } from './result.js';

const WIDTH = 760;
const LABEL_WIDTH = 150;
const BAR_HEIGHT = 20;
const GAP = 6;
const HEADING_HEIGHT = 34;
const colours: Readonly<Record<string, string>> = {
  baseline: '#9aa5b1',
  peer: '#e8a33d',
  'peer hono': '#f0c274',
  service: '#2f6fde',
};

/** The CPU time of a request by work and target, as bars (https://www.w3.org/TR/SVG2/). */
export function drawRequests(requests: Result['requests']): string {
  const longest = Math.max(
    ...Object.values(requests).flatMap((figures) => Object.values(figures).map(({ cpu }) => cpu)),
  );
  const scale = (WIDTH - LABEL_WIDTH - 130) / longest;
  const shapes: string[] = [];
  let y = 0;
  for (const [work, figures] of Object.entries(requests)) {
    y += HEADING_HEIGHT;
    shapes.push(`<text x="0" y="${y - 10}" font-weight="bold">${work}, µs of CPU a request</text>`);
    for (const [name, { cpu }] of Object.entries(figures)) {
      const width = (cpu * scale).toFixed(1);
      const ratio = figures.baseline === undefined ? '' : ` (${(cpu / figures.baseline.cpu).toFixed(2)} × baseline)`;
      shapes.push(
        `<text x="0" y="${y + 15}">${name}</text>`,
        `<rect x="${LABEL_WIDTH}" y="${y}" width="${width}" height="${BAR_HEIGHT}" fill="${colours[name] ?? '#8fb4f0'}"/>`,
        `<text x="${LABEL_WIDTH + Number(width) + 8}" y="${y + 15}">${cpu.toFixed(0)}${ratio}</text>`,
      );
      y += BAR_HEIGHT + GAP;
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" font-family="sans-serif" font-size="13">
<title>CPU time of a request, by work and target</title>
<rect width="${WIDTH}" height="${y}" fill="white"/>
${shapes.join('\n')}
</svg>
`;
}
