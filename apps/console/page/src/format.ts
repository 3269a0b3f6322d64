import type { Language } from './texts.js';

const NBSP = '\u00a0';

/** Three digits, and the unit behind a space that does not break. */
function withUnit(value: number, unit: string, language: Language): string {
  return `${new Intl.NumberFormat(language, { maximumSignificantDigits: 3 }).format(value)}${NBSP}${unit}`;
}

/** `840 µs`, `12.4 ms`, `1.24 s`, `1 min 04 s`; a dash for nothing. */
export function formatDuration(microseconds: number | null | undefined, language: Language): string {
  if (microseconds === null || microseconds === undefined) return '—';
  if (microseconds < 1_000) return withUnit(microseconds, 'µs', language);
  if (microseconds < 999_500) return withUnit(microseconds / 1_000, 'ms', language);
  if (microseconds < 60_000_000) return withUnit(microseconds / 1_000_000, 's', language);
  const seconds = Math.round(microseconds / 1_000_000);
  if (seconds >= 3_600) {
    return `${Math.floor(seconds / 3_600)}${NBSP}h${NBSP}${String(Math.floor((seconds % 3_600) / 60)).padStart(2, '0')}${NBSP}min`;
  }
  return `${Math.floor(seconds / 60)}${NBSP}min${NBSP}${String(seconds % 60).padStart(2, '0')}${NBSP}s`;
}

export function formatCount(value: number, language: Language): string {
  return new Intl.NumberFormat(language).format(value);
}

/** `12.4/s`. */
export function formatRate(value: number | null | undefined, language: Language): string {
  if (value === null || value === undefined) return '—';
  return `${new Intl.NumberFormat(language, { maximumSignificantDigits: 3 }).format(value)}/s`;
}

/** `1.2%`, `1,2 %`, of a part between 0 and 1. */
export function formatPercent(part: number | null | undefined, language: Language): string {
  if (part === null || part === undefined) return '—';
  return new Intl.NumberFormat(language, { style: 'percent', maximumSignificantDigits: 3 }).format(part);
}

/** `48.2 MiB`, `48,2 Mio`. */
export function formatBytes(bytes: number | null | undefined, language: Language): string {
  if (bytes === null || bytes === undefined) return '—';
  const units = language === 'fr' ? ['o', 'Kio', 'Mio', 'Gio'] : ['B', 'KiB', 'MiB', 'GiB'];
  const power = bytes < 1 ? 0 : Math.min(3, Math.floor(Math.log2(bytes) / 10));
  return withUnit(bytes / 1_024 ** power, units[power] ?? '', language);
}

const clocks = new Map<Language, Intl.DateTimeFormat>();

/** `14:03:11.204`, local. */
export function formatClock(milliseconds: number, language: Language): string {
  let clock = clocks.get(language);
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat(language, {
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      fractionalSecondDigits: 3,
      hourCycle: 'h23',
    });
    clocks.set(language, clock);
  }
  return clock.format(milliseconds);
}

/** `26 Nov 14:03:11`. */
export function formatMoment(milliseconds: number, language: Language): string {
  const date = new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, { day: 'numeric', month: 'short' });
  return `${date.format(milliseconds)} ${formatClock(milliseconds, language).slice(0, 8)}`;
}

/** The first digits; copying gives all. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}
