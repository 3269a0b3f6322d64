import { describe, expect, it } from 'vitest';
import { readFromRepository, sectionsOf, translations } from './documents.js';
import type { Section } from './markdown.js';

// Both languages of a document say the same: what can be compared without understanding it is compared, section by section.

/** Pages that operators and users of the API need. */
const needed = ['api', 'configuration', 'deployment', 'exposure', 'migration', 'monitoring', 'operations'];

/** A comment in a block of code has the document's language. */
const withoutComments = (code: string) => code.replaceAll(/(?:^|\s+)(?:#|\/\/)\s.*$/gm, '');

const numbersOf = (prose: string, pattern: RegExp, normalise: (number: string) => string) =>
  [...prose.matchAll(pattern)].map(([number]) => normalise(number)).sort();
const english = (prose: string) =>
  numbersOf(prose, /(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?/g, (number) => number.replaceAll(',', ''));
const french = (prose: string) =>
  numbersOf(prose, /(?<![\w.])\d+(?:\u{a0}\d{3})*(?:[.,]\d+)?/gu, (number) =>
    number.replaceAll('\u{a0}', '').replace(',', '.'),
  );

/** The link that a translation has in place of an English one: the same place in the French document, if there is one. */
function translateLink(link: string): string {
  const [file = '', anchor] = link.split('#');
  const translation = translations.get(file);
  if (translation === undefined) return link;
  if (anchor === undefined) return translation;
  const place = sectionsOf(file).findIndex((section) => section.anchor === anchor);
  return `${translation}#${sectionsOf(translation)[place]?.anchor}`;
}

function comparable(sections: Section[], numbers: (prose: string) => string[], linkOf = (link: string) => link) {
  return sections.map(({ anchor: _, prose, codeBlocks, emphasised, links, ...same }) => ({
    ...same,
    codeBlocks: codeBlocks.map(withoutComments),
    // How bad an alert is and after what time: tooling/monitoring compares it with the rules.
    emphasised: emphasised.filter((text) => !/^(?:critical|warning),/.test(text)),
    links: links.map(linkOf).sort(),
    numbers: numbers(prose),
  }));
}

it('operators and users of the API find their pages in French', () => {
  expect([...translations.keys()].sort()).toEqual(['README.md', ...needed.map((name) => `docs/${name}.md`)].sort());
});

describe.each([...translations])('%s and %s', (original, translation) => {
  const withoutSibling = (sections: Section[], sibling: string) =>
    sections.map((section) => ({ ...section, links: section.links.filter((link) => link !== sibling) }));

  it('link to each other at their heads', () => {
    expect(sectionsOf(original)[0]?.links).toContain(translation);
    expect(sectionsOf(translation)[0]?.links).toContain(original);
  });

  it('have the same sections, code, names, figures, tables, lists and links', () => {
    expect(comparable(withoutSibling(sectionsOf(translation), original), french)).toEqual(
      comparable(withoutSibling(sectionsOf(original), translation), english, translateLink),
    );
  });

  it('the French one is set as French is', () => {
    const prose = sectionsOf(translation).map((section) => section.prose);
    const wrong = prose.flatMap((text) => [
      ...text.matchAll(
        /.{0,20}(?:[^\u{a0}][:;!?»%](?![\w/])|«[^\u{a0}]|\p{L}'\p{L}|\d (?:\d{3}|ms|s|h|min|Mo)\b).{0,20}/gu,
      ),
    ]);
    expect(wrong.map(([text]) => text)).toEqual([]);
    expect(readFromRepository(translation)).not.toContain('\u{202f}');
  });
});
