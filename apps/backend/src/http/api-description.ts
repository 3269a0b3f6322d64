import type { Language } from './language.js';

/** OpenAPI's `info.description`, in Markdown. */
export const descriptions: Readonly<Record<Language, string>> = {
  en: `Products over REST. The same procedures are served, typed, by tRPC under \`/trpc\`: with the same schemas and errors,
the client needs the type \`AppRouter\` of \`@products/api-contract\`, and a batch holds at most 25 calls.

**Errors.** Every error is JSON: \`error\` (a short label, the same for every error of a code), \`code\`, \`message\` (what was
wrong, the value, and what is allowed), \`trace_id\`. Invalid input adds \`issues\`, each with the \`path\` of the field. Texts are
French. A 503 has \`Retry-After\`.

**Traces.** Every response names its trace in \`traceresponse\` and \`Server-Timing\`; the \`trace_id\` of an error is the same. It
finds the log lines and the spans of the request.

**Pages.** \`GET /products\` is all products. With \`limit\` it is one page; while more follow, \`Link\` has the URL of the next.`,

  fr: `Des produits en REST. tRPC sert les mêmes procédures, typées, sous \`/trpc\` : mêmes schémas, mêmes erreurs ; le client
demande le type \`AppRouter\` de \`@products/api-contract\`, et un lot contient 25 appels au plus.

**Erreurs.** Toute erreur est en JSON : \`error\` (un libellé court, le même pour toutes les erreurs d’un code), \`code\`,
\`message\` (ce qui n’allait pas, la valeur, et ce qui est permis), \`trace_id\`. Une entrée invalide ajoute \`issues\`, chacun avec
le \`path\` du champ. Les textes sont en français. Un 503 porte \`Retry-After\`.

**Traces.** Chaque réponse nomme sa trace dans \`traceresponse\` et \`Server-Timing\` ; le \`trace_id\` d’une erreur est le même. Il
retrouve les lignes de journal et les spans de la requête.

**Pages.** \`GET /products\` donne tous les produits. Avec \`limit\`, une page ; tant que d’autres suivent, \`Link\` porte l’URL de
la suivante.`,
};
