// Small parts that several pages show.
import { type ReactNode, useEffect, useState } from 'react';
import { useApp } from './app-state.js';
import { formatDuration } from './format.js';
import type { Kind } from './waterfall.js';

export function KindTag({ kind }: { kind: Kind }) {
  return (
    <span className={`tag tag-${kind}`}>
      <i aria-hidden />
      {kind}
    </span>
  );
}

/** A status by its word and its colour. */
export function StatusText({ status, errors }: { status: string; errors: number }) {
  const isError = errors > 0 || status.startsWith('5');
  const style = isError ? 'status-error' : `status-${status[0] ?? ''}`;
  return <span className={style}>{`${isError ? '✕ ' : ''}${status || (isError ? '' : '—')}`}</span>;
}

/** Beside a duration: its part of the largest one, on a logarithmic scale. */
export function DurationBar({ us, maxUs, isError }: { us: number; maxUs: number; isError: boolean }) {
  const part = Math.log10(Math.max(10, us)) / Math.log10(Math.max(100, maxUs));
  return (
    <span className={`minibar${isError ? ' bad' : ''}`} style={{ width: `${Math.round(part * 64)}px` }} aria-hidden />
  );
}

export function Duration({ us }: { us: number | null }) {
  const { language } = useApp();
  return <span>{formatDuration(us, language)}</span>;
}

export function CopyButton({ text, label, title }: { text: string; label?: string; title?: string }) {
  const { t } = useApp();
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), 1_500);
    return () => clearTimeout(timer);
  }, [isCopied]);
  return (
    <button
      type="button"
      title={title ?? text}
      onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
    >
      {isCopied ? t('copied') : (label ?? t('copy'))}
    </button>
  );
}

/** A command that a person can run. */
export function Command({ text }: { text: string }) {
  return (
    <span className="command">
      <code>{text}</code>
      <CopyButton text={text} />
    </span>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return <div className="empty">{children}</div>;
}
