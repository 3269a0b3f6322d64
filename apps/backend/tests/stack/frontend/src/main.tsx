// A frontend outside of this workspace: what it knows of the API is in the two packed packages.
import { createdAtOf, createProductsClient, traceIdOf } from '@products/client';
import { createProductsQueries } from '@products/client/query';
import { QueryClient, QueryClientProvider, useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query';
import { StrictMode, type SubmitEvent } from 'react';
import { createRoot } from 'react-dom/client';

const url = new URLSearchParams(location.search).get('api') ?? '';
const api = createProductsQueries(createProductsClient({ url }));

function Products() {
  const list = useInfiniteQuery(api.list(4));
  const all = useQuery(api.all());
  return (
    <section>
      <ul>
        {list.data?.pages
          .flatMap(({ items }) => items)
          .map((product) => (
            <li key={product.id}>
              {product.name} {createdAtOf(product).toISOString()}
            </li>
          ))}
      </ul>
      <button type="button" disabled={!list.hasNextPage} onClick={() => list.fetchNextPage()}>
        More
      </button>
      <p id="all">{all.data?.isComplete ? `${all.data.items.length} in all` : 'reading'}</p>
    </section>
  );
}

function NewProduct() {
  const create = useMutation(api.create());
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    create.mutate({ name: String(fields.get('name')), price: Number(fields.get('price')), category: 'Essai' });
  };
  const issues =
    create.error && 'data' in create.error ? (create.error.data as { issues?: Issue[] }).issues : undefined;
  return (
    <form onSubmit={submit}>
      <input name="name" />
      <input name="price" />
      <button type="submit">Create</button>
      {create.data && <p id="created">{create.data.id}</p>}
      {create.error && <p id="trace">{traceIdOf(create.error)}</p>}
      {issues?.map(({ path, message }) => (
        <p key={path} className="issue">
          {path}: {message}
        </p>
      ))}
    </form>
  );
}

interface Issue {
  path: string;
  message: string;
}

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has a #root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={new QueryClient()}>
      <NewProduct />
      <Products />
    </QueryClientProvider>
  </StrictMode>,
);
