import type { Difference } from './difference.js';
import type { Report } from './parity.js';

const SHOWN_CHARACTERS_MAX = 120;

/** The report as text: each unintended difference, and how many intended ones there were for which reason. */
export function printReport({ requests, unintended, intended }: Report): string {
  const subjects = [...new Set(unintended.map(({ subject }) => subject))];
  const reasons = new Map<string, number>();
  for (const { allowance } of intended) reasons.set(allowance.reason, (reasons.get(allowance.reason) ?? 0) + 1);
  return [
    ...subjects.flatMap((subject) => [
      subject,
      ...unintended.filter((difference) => difference.subject === subject).map(printDifference),
      '',
    ]),
    ...[...reasons].map(([reason, count]) => `intended (${count}): ${reason}`),
    `${requests} requests to each, ${unintended.length} unintended differences, ${intended.length} intended`,
    '',
  ].join('\n');
}

function printDifference({ aspect, name, a, b }: Difference): string {
  return `  ${aspect}${name === '' ? '' : ` ${shorten(name)}`}: ${show(a)} → ${show(b)}`;
}

const show = (value: string | null) => (value === null ? '(none)' : shorten(value));

function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > SHOWN_CHARACTERS_MAX ? `${line.slice(0, SHOWN_CHARACTERS_MAX)}…` : line;
}
