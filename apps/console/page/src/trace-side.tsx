// Beside a waterfall: what the chosen span has, and the lines of the trace.
import { Link } from '@tanstack/react-router';
import type { Line, Tag } from './api.js';
import { useApp } from './app-state.js';
import { formatClock, formatDuration, shortId } from './format.js';
import { type Hover, useHovered } from './hover.js';
import { KindTag } from './parts.js';
import { kindOf, type Node, type Tree } from './waterfall.js';

export function SpanDetails({ node, tree }: { node: Node | undefined; tree: Tree }) {
  const { t, language } = useApp();
  if (node === undefined) return null;
  if (node.span === undefined) return <p className="block warn">{t('missingParent', { id: node.id })}</p>;
  const { span } = node;
  const fields = (tags: readonly Tag[]) => (
    <dl>
      {tags.map(({ key, value }, index) => (
        <Field key={`${key} ${index}`} name={key} value={String(value)} />
      ))}
    </dl>
  );
  return (
    <div>
      <div className="block">
        <h2 style={{ overflowWrap: 'anywhere' }}>
          <KindTag kind={kindOf(span)} />
          {span.name}
        </h2>
        <p className="muted">
          {span.service} · {formatDuration(span.durationUs, language)} · {t('self')}{' '}
          {formatDuration(node.selfUs, language)} · +{formatDuration(span.startUs - tree.startUs, language)}
        </p>
        {node.skewUs > 0 && (
          <p className="warn">⚠ {t('startsBefore', { duration: formatDuration(node.skewUs, language) })}</p>
        )}
      </div>
      {span.logs.length > 0 && (
        <div className="block">
          <h2>
            {t('events')} {span.logs.length}
          </h2>
          {span.logs.map((log, index) => (
            <div key={index}>
              <p className="meta">+{formatDuration(log.timeUs - tree.startUs, language)}</p>
              {fields(log.fields.filter(({ key }) => !key.endsWith('stacktrace')))}
              {log.fields
                .filter(({ key }) => key.endsWith('stacktrace'))
                .map(({ key, value }) => (
                  <pre key={key} className="error">
                    {String(value)}
                  </pre>
                ))}
            </div>
          ))}
        </div>
      )}
      <div className="block">
        <h2>{t('attributes')}</h2>
        {fields(span.tags)}
      </div>
      {span.links.length > 0 && (
        <div className="block">
          <h2>{t('links')}</h2>
          {span.links.map(({ traceId, spanId }) => (
            <Link key={spanId} to="/trace/$id" params={{ id: traceId }} search={{ span: spanId }} className="mono">
              {shortId(traceId)}
            </Link>
          ))}
        </div>
      )}
      <div className="block">
        <h2>{t('process')}</h2>
        {fields([
          { key: 'service.name', type: 'string', value: span.service },
          ...span.processTags,
          { key: 'span_id', type: 'string', value: span.spanId },
          { key: 'parent_id', type: 'string', value: span.parentId || '—' },
        ])}
      </div>
    </div>
  );
}

function Field({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

export function Lines({
  lines,
  startUs,
  selectedId,
  hover,
  onSelect,
}: {
  lines: readonly Line[];
  startUs: number | undefined;
  selectedId: string | undefined;
  hover: Hover;
  onSelect: (spanId: string) => void;
}) {
  const { t, language } = useApp();
  const hoveredId = useHovered(hover, (hovered) => hovered?.spanId);
  if (lines.length === 0) return <p className="block muted">{t('noLines')}</p>;
  return (
    <div>
      {lines.map((line, index) => (
        <button
          key={index}
          type="button"
          className={`traceline${hoveredId === line.spanId ? ' linked' : ''}`}
          onPointerEnter={() => hover.set({ spanId: line.spanId, timeUs: line.timeMs * 1_000 })}
          onPointerLeave={() => hover.set(undefined)}
          onFocus={() => hover.set({ spanId: line.spanId, timeUs: line.timeMs * 1_000 })}
          onBlur={() => hover.set(undefined)}
          aria-pressed={line.spanId === selectedId}
          onClick={() => onSelect(line.spanId)}
        >
          <span className="muted">
            {startUs === undefined ? formatClock(line.timeMs, language) : offsetOf(line.timeMs - startUs / 1_000)}
          </span>{' '}
          <span className={`lvl ${line.level}`}>{line.level}</span>
          <br />
          {line.message}
          {typeof line.fields['exc_info'] === 'string' && <pre className="error">{line.fields['exc_info']}</pre>}
        </button>
      ))}
    </div>
  );
}

/** `+3.214 ms`; a line can come before the first span. */
function offsetOf(ms: number): string {
  return `${ms < 0 ? '−' : '+'}${Math.abs(ms).toFixed(3)} ms`;
}
