import { expect } from 'vitest';

/** What every answer has to keep to, whatever the request was: no 5xx, and errors in JSON without the service's insides. */
export function checkAnswer(status: number, contentType: string, body: string, request: unknown): void {
  const context = () => `${JSON.stringify(request)} → ${status} ${body.slice(0, 300)}`;
  expect(status >= 200 && status < 500, context()).toBe(true);
  if (status >= 400 && body !== '') {
    expect(contentType, context()).toMatch(/^application\/json/);
    const parsed: unknown = JSON.parse(body);
    const [first] = Array.isArray(parsed) ? parsed : [parsed];
    const error = first.error?.data ?? first.error?.json?.data ?? first;
    expect(error, context()).toMatchObject({ code: expect.any(String), message: expect.any(String) });
  }
  expect(body, context()).not.toMatch(/node_modules|\n {4}at |select "|insert into|pg_/i);
}
