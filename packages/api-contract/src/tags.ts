/** The groups of routes in the OpenAPI document. */
export const tags = {
  products: 'The products',
  diagnostics: 'Slowness and errors on demand',
  monitoring: 'For probes, scrapers and readers',
} as const satisfies Record<string, string>;
