import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'postgresql',
  schema: './src/schema.ts',
  out: './migrations',
  // Only `db:studio` connects; it is started through src/cli.ts, which hands the URL over.
  // biome-ignore lint/style/noProcessEnv: drizzle-kit is its own process and this file is its edge.
  dbCredentials: { url: process.env['DATABASE_URL'] ?? '' },
});
