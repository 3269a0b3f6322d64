import { startTestServer } from '@products/db/testing';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the template database; holds the password. */
    serverUrl: string;
  }
}

export default async function setUp(project: TestProject) {
  const server = await startTestServer();
  project.provide('serverUrl', server.url);
  return () => server.stop();
}
