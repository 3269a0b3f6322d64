import { initDatabase, parseDatabaseUrl } from '@products/db';
import { createTestDatabase, startTestServer } from '@products/db/testing';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the template database; holds the password. */
    serverUrl: string;
    /** The database to clone for one that has the ten samples. */
    seededTemplate: string;
    /** URL of a database with the ten samples, for tests that only read. */
    samplesUrl: string;
  }
}

export default async function setUp(project: TestProject) {
  const server = await startTestServer();
  const seeded = await createTestDatabase(server.url);
  await initDatabase(parseDatabaseUrl(seeded.url));
  project.provide('serverUrl', server.url);
  const seededTemplate = new URL(seeded.url).pathname.slice(1);
  const samples = await createTestDatabase(server.url, seededTemplate);
  project.provide('seededTemplate', seededTemplate);
  project.provide('samplesUrl', samples.url);
  return () => server.stop();
}
