// Where an alert's link leads: to the section of docs/monitoring.md that says what to do.
import GithubSlugger, { slug } from 'github-slugger';

/** Where the compose stack's Prometheus serves the document. */
export const STACK_RUNBOOK_PATH = '/consoles/monitoring.html';

/**
 * The page that links lead to: the stack's opens on its machine. Set it to the one of your repository, as
 * `https://github.com/acme/products/blob/main/docs/monitoring.md`, and run `pnpm generate`.
 */
export const RUNBOOK_URL = `http://localhost:9090${STACK_RUNBOOK_PATH}`;

export function runbookUrlOf(heading: string): string {
  return `${RUNBOOK_URL}#${slug(heading)}`;
}

/** The document as that page, a console template of Prometheus: its text as it is, its headings with GitHub's anchors. */
export function renderRunbook(markdown: string): string {
  const slugger = new GithubSlugger();
  const lines = markdown
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, heading] = /^#+ (.+)$/.exec(line) ?? [];
      return heading === undefined
        ? escapeForTemplate(line)
        : `<b id="${slugger.slug(heading)}">${escapeForTemplate(line)}</b>`;
    });
  return `<!doctype html>
<meta charset="utf-8">
<title>Products: monitoring</title>
<pre>
${lines.join('\n')}
</pre>
`;
}

/** A template's action starts with two braces. */
function escapeForTemplate(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('{', '&#123;');
}
