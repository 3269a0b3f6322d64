import { QueryClientProvider } from '@tanstack/react-query';
import { createRootRoute, createRoute, createRouter, RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from './api.js';
import { AppStateProvider } from './app-state.js';
import { ComparePage, readCompareSearch } from './compare.js';
import { Layout } from './layout.js';
import { LogsPage, readLogsSearch } from './logs.js';
import { OverviewPage, readOverviewSearch } from './overview.js';
import { ProductsPage, readProductsSearch } from './products.js';
import 'uplot/dist/uPlot.min.css';
import './theme.css';
import { readTraceSearch, TracePage } from './trace.js';
import { readTracesSearch, TracesPage } from './traces.js';

const root = createRootRoute({ component: Layout });
const routeTree = root.addChildren([
  createRoute({ getParentRoute: () => root, path: '/', component: OverviewPage, validateSearch: readOverviewSearch }),
  createRoute({ getParentRoute: () => root, path: '/traces', component: TracesPage, validateSearch: readTracesSearch }),
  createRoute({
    getParentRoute: () => root,
    path: '/compare',
    component: ComparePage,
    validateSearch: readCompareSearch,
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/trace/$id',
    component: TracePage,
    validateSearch: readTraceSearch,
  }),
  createRoute({ getParentRoute: () => root, path: '/logs', component: LogsPage, validateSearch: readLogsSearch }),
  createRoute({
    getParentRoute: () => root,
    path: '/products',
    component: ProductsPage,
    validateSearch: readProductsSearch,
  }),
]);

const router = createRouter({ routeTree, scrollRestoration: true });

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

const container = document.getElementById('root');
if (container === null) throw new Error('index.html has a #root');
createRoot(container).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <AppStateProvider>
        <RouterProvider router={router} />
      </AppStateProvider>
    </QueryClientProvider>
  </StrictMode>,
);
