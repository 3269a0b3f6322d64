// A frontend of the API as anybody would write one, on @products/client.
import type { NewProduct, Product, ProductSort } from '@products/api-contract';
import { type Call, createdAtOf, createProductsClient, etagOf, traceIdOf } from '@products/client';
import { createProductsQueries } from '@products/client/query';
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { type SubmitEvent, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useApp } from './app-state.js';
import { sendCallSpan } from './browser-spans.js';
import { Choice, Text } from './fields.js';
import { formatCount, formatDuration, formatMoment, shortId } from './format.js';
import { useServiceUrl } from './layout.js';
import { Empty } from './parts.js';

const PAGE = 50;
const CALLS_KEPT = 50;

interface Search {
  product?: number;
  new?: true;
  q?: string;
  sort?: ProductSort;
}

const SORTS: readonly ProductSort[] = (['id', 'name', 'price', 'category', 'created_at'] as const).flatMap(
  (column) => [column, `-${column}`] as const,
);

export function readProductsSearch(search: Record<string, unknown>): Search {
  const product = Number(search['product'] ?? Number.NaN);
  const sort = SORTS.find((each) => each === search['sort']);
  return {
    ...(Number.isInteger(product) && { product }),
    ...(search['new'] === true && { new: true as const }),
    ...(search['q'] !== undefined && search['q'] !== '' && { q: String(search['q']) }),
    ...(sort !== undefined && { sort }),
  };
}

export function ProductsPage() {
  const { t } = useApp();
  const url = useServiceUrl();
  if (url === undefined) return <Empty>{t('apiUnknown')}</Empty>;
  return <Products key={url} url={url} />;
}

function Products({ url }: { url: string }) {
  const { t, language } = useApp();
  const search = readProductsSearch(useSearch({ strict: false }));
  const navigate = useNavigate({ from: '/products' });
  const [calls, setCalls] = useState<readonly Call[]>([]);
  const onCall = useCallback((call: Call) => {
    sendCallSpan(call);
    setCalls((before) => [call, ...before].slice(0, CALLS_KEPT));
  }, []);
  const client = useMemo(() => createProductsClient({ url, onCall }), [url, onCall]);
  const queries = useMemo(() => createProductsQueries(client), [client]);
  const [isAllWanted, setAllWanted] = useState(false);
  const filter = {
    ...(search.q !== undefined && { q: search.q }),
    ...(search.sort !== undefined && { sort: search.sort }),
  };
  const list = useInfiniteQuery(queries.list(PAGE, filter));
  const all = useQuery({ ...queries.all(filter), enabled: isAllWanted, staleTime: Number.POSITIVE_INFINITY });
  const slow = useMutation({ mutationFn: () => client.diagnostics.slow.query() });
  const failing = useMutation({ mutationFn: () => client.diagnostics.error.query() });
  const products = isAllWanted && all.data ? all.data.items : (list.data?.pages.flatMap(({ items }) => items) ?? []);
  const end = useRef<HTMLButtonElement>(null);
  const { hasNextPage, fetchNextPage, isFetchingNextPage } = list;
  useEffect(() => {
    if (end.current === null || !hasNextPage || isFetchingNextPage) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && void fetchNextPage());
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  return (
    <div className="fill">
      <div className="pad" style={{ paddingBottom: 12 }}>
        <h1 className="hidden">{t('products')}</h1>
        <div className="bar">
          <button type="button" className="primary" onClick={() => void navigate({ search: { ...filter, new: true } })}>
            + {t('newProduct')}
          </button>
          <button type="button" onClick={() => (isAllWanted ? void all.refetch() : setAllWanted(true))}>
            {t('all')}
            {all.data && ` ${formatCount(all.data.items.length, language)}${all.data.isComplete ? '' : ' …'}`}
          </button>
          <Text
            name={t('searchNames')}
            value={search.q}
            set={(q) => void navigate({ search: (before) => readProductsSearch({ ...before, q }), replace: true })}
            isSearch
          />
          <Choice
            name={t('sort')}
            value={search.sort}
            values={SORTS}
            set={(sort) =>
              void navigate({ search: (before) => readProductsSearch({ ...before, sort }), replace: true })
            }
          />
          {all.data && !all.data.isComplete && <progress aria-label={t('all')} />}
          <button type="button" disabled={slow.isPending} onClick={() => slow.mutate()}>
            /slow{slow.isPending && ' …'}
          </button>
          <button type="button" disabled={failing.isPending} onClick={() => failing.mutate()}>
            /error
          </button>
          <Failure error={list.error ?? all.error ?? failing.error ?? slow.error} />
        </div>
      </div>
      <div className="columns">
        <div>
          {list.isSuccess && products.length === 0 ? (
            <Empty>{t('noProduct')}</Empty>
          ) : (
            <table>
              <thead>
                <tr>
                  <th>id</th>
                  <th>{t('name')}</th>
                  <th className="right">{t('price')}</th>
                  <th className="wide">{t('category')}</th>
                </tr>
              </thead>
              <tbody>
                {products.slice(0, 2_000).map((product) => (
                  <tr key={product.id} aria-selected={product.id === search.product}>
                    <td className="muted">{product.id}</td>
                    <td className="main">
                      <Link to="/products" search={{ ...filter, product: product.id }} className="rowlink">
                        {product.name}
                      </Link>
                    </td>
                    <td className="right">{formatCount(product.price, language)}</td>
                    <td className="wide">{product.category}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          {!isAllWanted && hasNextPage && (
            <div className="block">
              <button ref={end} type="button" onClick={() => void fetchNextPage()}>
                {t('loadMore')}
              </button>
            </div>
          )}
        </div>
        <div>
          {search.new === true ? (
            <NewProductForm queries={queries} />
          ) : search.product !== undefined ? (
            <OneProduct queries={queries} id={search.product} />
          ) : null}
        </div>
        <Calls calls={calls} />
      </div>
    </div>
  );
}

/** What is listed stays as it is when nothing is chosen in it any more. */
function withoutChoice(search: Record<string, unknown>): Search {
  const { product: _, new: __, ...filter } = readProductsSearch(search);
  return filter;
}

type Queries = ReturnType<typeof createProductsQueries>;

function OneProduct({ queries, id }: { queries: Queries; id: number }) {
  const { t, language } = useApp();
  const navigate = useNavigate({ from: '/products' });
  /** What the form began with: a change of another version is refused. */
  const [edited, setEdited] = useState<Product>();
  const { data, error, refetch } = useQuery(queries.byId(id));
  const update = useMutation(queries.update());
  const removal = useMutation(queries.delete());
  if (error !== null) return <Failure error={error} />;
  if (data === undefined) return null;
  const stop = () => {
    setEdited(undefined);
    update.reset();
  };
  if (edited !== undefined) {
    return (
      <ProductForm
        title={edited.name}
        action={t('save')}
        product={edited}
        isPending={update.isPending}
        error={update.error}
        onSubmit={(product) =>
          update.mutate({ ...product, id, ifMatch: etagOf(edited) }, { onSuccess: stop, onError: () => void refetch() })
        }
        onCancel={stop}
      />
    );
  }
  return (
    <div className="block">
      <h2>{data.name}</h2>
      <dl>
        <dt>id</dt>
        <dd>{data.id}</dd>
        <dt>{t('price')}</dt>
        <dd>{formatCount(data.price, language)}</dd>
        <dt>{t('category')}</dt>
        <dd>{data.category}</dd>
        <dt>{t('created')}</dt>
        <dd title={createdAtOf(data).toISOString()}>{formatMoment(createdAtOf(data).getTime(), language)}</dd>
      </dl>
      <div className="bar" style={{ marginTop: 12 }}>
        <button type="button" onClick={() => setEdited(data)}>
          {t('edit')}
        </button>
        <button
          type="button"
          className="error"
          disabled={removal.isPending}
          onClick={() =>
            removal.mutate(
              { id, ifMatch: etagOf(data) },
              { onSuccess: () => void navigate({ search: withoutChoice }), onError: () => void refetch() },
            )
          }
        >
          {t('remove')}
        </button>
      </div>
      <Failure error={removal.error} />
    </div>
  );
}

interface Issue {
  readonly path: string;
  readonly message: string;
}

function issuesOf(error: unknown): readonly Issue[] {
  return (error as { data?: { issues?: readonly Issue[] } } | null)?.data?.issues ?? [];
}

function NewProductForm({ queries }: { queries: Queries }) {
  const { t } = useApp();
  const navigate = useNavigate({ from: '/products' });
  const create = useMutation(queries.create());
  const show = ({ id }: Product) => void navigate({ search: (before) => ({ ...withoutChoice(before), product: id }) });
  return (
    <ProductForm
      title={t('newProduct')}
      action={t('create')}
      isPending={create.isPending}
      error={create.error}
      onSubmit={(product) => create.mutate(product, { onSuccess: show })}
      onCancel={() => void navigate({ search: withoutChoice })}
    />
  );
}

function ProductForm({
  title,
  action,
  product,
  isPending,
  error,
  onSubmit,
  onCancel,
}: {
  title: string;
  action: string;
  /** What the fields have at first. */
  product?: Product;
  isPending: boolean;
  error: unknown;
  onSubmit: (product: NewProduct) => void;
  onCancel: () => void;
}) {
  const { t } = useApp();
  const issues = issuesOf(error);
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const text = (name: string) => String(fields.get(name) ?? '');
    const price = text('price').replace(',', '.');
    // What is no number goes as it is: the service says what it expects.
    const isNumber = price.trim() !== '' && !Number.isNaN(Number(price));
    onSubmit({
      name: text('name'),
      price: (isNumber ? Number(price) : price) as number,
      category: text('category'),
    });
  };
  const field = (name: 'name' | 'price' | 'category') => {
    const problem = issues.find(({ path }) => path === name)?.message;
    return (
      <label>
        {t(name)}
        <input
          name={name}
          defaultValue={product?.[name]}
          inputMode={name === 'price' ? 'decimal' : 'text'}
          {...(problem !== undefined && { 'aria-invalid': true, 'aria-describedby': `${name}-problem` })}
        />
        {problem !== undefined && (
          <span className="error" id={`${name}-problem`}>
            ✕ {problem}
          </span>
        )}
      </label>
    );
  };
  return (
    <form onSubmit={submit} noValidate>
      <h2>{title}</h2>
      {field('name')}
      {field('price')}
      {field('category')}
      <div className="bar">
        <button type="submit" className="primary" disabled={isPending}>
          {action}
        </button>
        <button type="button" onClick={onCancel}>
          {t('cancel')}
        </button>
      </div>
      <Failure error={error} />
    </form>
  );
}

/** What went wrong, and the trace that tells why. */
function Failure({ error }: { error: unknown }) {
  const { t } = useApp();
  if (!(error instanceof Error)) return null;
  const traceId = traceIdOf(error);
  const isOfOtherVersion = (error as { data?: { code?: string } }).data?.code === 'PRECONDITION_FAILED';
  return (
    <p className="error" role="alert">
      ✕ {isOfOtherVersion ? t('changedMeanwhile') : error.message}{' '}
      {traceId !== undefined && (
        <Link to="/trace/$id" params={{ id: traceId }}>
          {t('trace')} {shortId(traceId)}
        </Link>
      )}
    </p>
  );
}

function Calls({ calls }: { calls: readonly Call[] }) {
  const { t, language } = useApp();
  return (
    <section aria-label={t('calls')}>
      <div className="block">
        <h2>{t('calls')}</h2>
        {calls.length === 0 && <p className="muted">{t('noCalls')}</p>}
      </div>
      {calls.map((call) => {
        const status = (call.error as { data?: { httpStatus?: number } } | undefined)?.data?.httpStatus;
        return (
          <Link key={call.spanId} to="/trace/$id" params={{ id: call.traceId }} className="call">
            <span className={call.error === undefined ? 'ok' : 'error'}>
              {call.error === undefined ? '✓' : `✕ ${status ?? ''}`}
            </span>
            <span className="cut grow">{call.path}</span>
            <span className="muted">{formatDuration(call.durationMs * 1_000, language)}</span>
            <span>↗</span>
          </Link>
        );
      })}
    </section>
  );
}
