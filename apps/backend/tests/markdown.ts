import path from 'node:path';
import GithubSlugger from 'github-slugger';
import { lexer, type Token, walkTokens } from 'marked';

// What a document consists of, whatever its language.

export interface Section {
  readonly level: number;
  /** As GitHub makes it of the heading. */
  readonly anchor: string;
  readonly codeBlocks: readonly string[];
  readonly inlineCode: readonly string[];
  /** Names of what others show, such as dashboards. */
  readonly emphasised: readonly string[];
  readonly tableRows: number;
  readonly listItems: number;
  /** Within the repository as its path and, if it has one, its anchor. */
  readonly links: readonly string[];
  readonly images: readonly string[];
  /** The words, with a backtick for each code span and each URL that stands for itself. */
  readonly prose: string;
}

/** The sections of a document, each with its heading. */
export function readSections(document: string, markdown: string): Section[] {
  const slugger = new GithubSlugger();
  const groups: { level: number; anchor: string; tokens: Token[] }[] = [];
  for (const token of lexer(markdown)) {
    if (token.type === 'heading')
      groups.push({ level: token['depth'], anchor: slugger.slug(token['text']), tokens: [] });
    groups.at(-1)?.tokens.push(token);
  }
  return groups.map(({ level, anchor, tokens }) => ({ level, anchor, ...contentOf(document, tokens) }));
}

function contentOf(document: string, tokens: Token[]): Omit<Section, 'level' | 'anchor'> {
  const found = {
    codeBlocks: [] as string[],
    inlineCode: new Set<string>(),
    emphasised: new Set<string>(),
    links: new Set<string>(),
    images: new Set<string>(),
    tableRows: 0,
    listItems: 0,
    prose: '',
  };
  // Cells have no tokens of their own; without a break, two of them read as one word.
  const cellStarts = new Set<Token | undefined>();
  // An array of what asynchronous callbacks return; this one returns nothing.
  void walkTokens(tokens, (token) => {
    if (cellStarts.has(token)) found.prose += '\n';
    if (token.type === 'code') found.codeBlocks.push(token['text']);
    else if (token.type === 'codespan') {
      found.inlineCode.add(token['text']);
      found.prose += '`';
    } else if (token.type === 'em') found.emphasised.add(token['text']);
    else if (token.type === 'link') found.links.add(resolveLink(document, token['href']));
    else if (token.type === 'table') {
      found.tableRows += token['rows'].length;
      for (const cell of [...token['header'], ...token['rows'].flat()]) cellStarts.add(cell.tokens[0]);
    } else if (token.type === 'list_item') found.listItems += 1;
    else if (token.type === 'html') {
      for (const [, file] of token.raw.matchAll(/src(?:set)?="([^"]+)"/g)) found.images.add(String(file));
    } else if ((token.type === 'text' && token['tokens'] === undefined) || token.type === 'escape') {
      found.prose += URL.canParse(token['text']) ? '`' : token['text'];
    } else if (token.type === 'paragraph' || token.type === 'heading') found.prose += '\n';
  });
  return {
    ...found,
    inlineCode: [...found.inlineCode].sort(),
    emphasised: [...found.emphasised].sort(),
    links: [...found.links].sort(),
    images: [...found.images].sort(),
  };
}

function resolveLink(document: string, href: string): string {
  if (/^[a-z]+:/.test(href)) return href;
  const [file, anchor] = decodeURI(href).split('#');
  const target = file ? path.join(path.dirname(document), file) : document;
  return anchor === undefined ? target : `${target}#${anchor}`;
}
