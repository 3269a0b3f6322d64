import { useQuery } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { api } from './api.js';
import { useApp } from './app-state.js';
import { formatDuration, shortId } from './format.js';
import { Empty, KindTag } from './parts.js';
import { buildTree, diffTrees } from './waterfall.js';

export function readCompareSearch(search: Record<string, unknown>): { a: string; b: string } {
  return { a: String(search['a'] ?? ''), b: String(search['b'] ?? '') };
}

/** Two traces side by side, and the difference of their trees. */
export function ComparePage() {
  const { t, language } = useApp();
  const { a, b } = readCompareSearch(useSearch({ strict: false }));
  const left = useTree(a);
  const right = useTree(b);
  const error = left.error ?? right.error;
  if (error !== null) return <Empty>{error.message}</Empty>;
  if (left.data === undefined || right.data === undefined) return null;
  const rows = diffTrees(left.data, right.data);
  const isSame = rows.every((row) => row.left.count === row.right.count);
  const count = (side: { count: number; durationUs: number }) =>
    side.count === 0 ? '—' : `${side.count > 1 ? `×${side.count} · ` : ''}${formatDuration(side.durationUs, language)}`;
  return (
    <div className="pad">
      <div className="bar">
        <h1 className="grow">{t('compare')}</h1>
        <Link to="/traces">{t('backToTraces')}</Link>
      </div>
      <div className="panel">
        <table>
          <thead>
            <tr>
              <th>{t('span')}</th>
              {[a, b].map((id) => (
                <th key={id} className="right">
                  <Link to="/trace/$id" params={{ id }} className="mono">
                    {shortId(id)}
                  </Link>
                </th>
              ))}
              <th className="right">Δ</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => {
              const more = row.right.count - row.left.count;
              const delta = row.right.durationUs - row.left.durationUs;
              return (
                <tr key={index}>
                  <td className="main" style={{ paddingLeft: `${12 + row.depth * 12}px` }}>
                    <KindTag kind={row.kind} />
                    {row.name}
                  </td>
                  <td className="right">{count(row.left)}</td>
                  <td className="right">{count(row.right)}</td>
                  <td className={`right ${more === 0 ? 'muted' : 'warn'}`}>
                    {more !== 0 && <strong>{`${more > 0 ? '+' : '−'}${Math.abs(more)} ${row.name} `}</strong>}
                    {`${delta < 0 ? '−' : '+'}${formatDuration(Math.abs(delta), language)}`}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {isSame && <p className="muted">{t('same')}</p>}
    </div>
  );
}

function useTree(id: string) {
  return useQuery({
    queryKey: ['trace', id],
    queryFn: () => api.trace.query({ id }),
    select: ({ spans }) => buildTree(spans),
  });
}
