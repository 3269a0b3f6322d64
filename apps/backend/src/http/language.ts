import type { Request, Response } from 'express';

/** What the service’s own pages and the description of the API are written in; the first for whoever asks for no other. */
export const languages = ['en', 'fr'] as const;
export type Language = (typeof languages)[number];

/** The language that the client prefers; the response says so, and that it depends on that. */
export function negotiateLanguage(request: Request, response: Response): Language {
  const accepted = request.acceptsLanguages([...languages]);
  const language = languages.find((each) => each === accepted) ?? languages[0];
  response.vary('Accept-Language').setHeader('Content-Language', language);
  return language;
}
