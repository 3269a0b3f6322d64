// What an expression consists of, read with the grammar of Prometheus's own user interface.
import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

const COMPARISONS: ReadonlySet<string> = new Set(['Eql', 'Neq', 'Gtr', 'Lss', 'Gte', 'Lte']);

/** The selectors of an expression: `up{job="backend"}`. */
export function selectorsIn(promql: string): readonly string[] {
  const selectors: string[] = [];
  parse(promql)
    .cursor()
    .iterate(({ name, from, to }) => {
      if (name === 'VectorSelector') selectors.push(promql.slice(from, to));
    });
  return selectors;
}

/** The expression that an alert puts a condition on: without its comparisons, and without `absent`. */
export function withoutConditions(promql: string): string {
  return render(promql, parse(promql));
}

/** @throws {Error} when it is no PromQL */
function parse(promql: string): SyntaxNode {
  const { topNode } = parser.parse(promql);
  topNode.cursor().iterate(({ type, from }) => {
    if (type.isError) throw new Error(`no PromQL at ${from}: ${promql}`);
  });
  return topNode;
}

function render(promql: string, node: SyntaxNode): string {
  const children = childrenOf(node);
  const [first] = children;
  if (node.name === 'BinaryExpr' && first !== undefined && children.some(({ name }) => COMPARISONS.has(name))) {
    return render(promql, first);
  }
  if (node.name === 'FunctionCall' && promql.slice(node.from, node.to).startsWith('absent(')) {
    const body = children.at(-1);
    return body === undefined ? '' : render(promql, body);
  }
  let text = '';
  let position = node.from;
  for (const child of children) {
    text += promql.slice(position, child.from) + render(promql, child);
    position = child.to;
  }
  return text + promql.slice(position, node.to);
}

function childrenOf(node: SyntaxNode): readonly SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child);
  return children;
}
