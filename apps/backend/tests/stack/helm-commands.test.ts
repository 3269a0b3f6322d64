// The commands of docs/deployment.md, as far as they go without a cluster.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { chartFolder, deployFolder, helmProgram, type Manifest, Rendered } from './chart.js';

const repository = path.dirname(deployFolder);

/** kubectl and Helm as they are, told to ask no cluster: both then print what they would send. */
const WITHOUT_CLUSTER = `set -euo pipefail
kubectl() {
  echo ---
  case " $* " in
    *' create '*) command kubectl "$@" --dry-run=client -o yaml ;;
    *' label '*) command kubectl create namespace "$3" --dry-run=client -o yaml | command kubectl label --local -f - -o yaml "\${@:4}" ;;
    *' apply '*) cat ;;
    *) return 1 ;;
  esac
}
helm() {
  if [ "$1 $2" = 'upgrade --install' ]; then set -- install "\${@:3}" --dry-run=client --output json; echo ---; fi
  "$HELM" "$@"
}
`;

interface Secret extends Omit<Manifest, 'kind'> {
  readonly kind: 'Secret';
  readonly data: Readonly<Record<string, string>>;
}

it('the commands of the document make the namespace, the secrets and the release that the pods ask for', () => {
  const section = readFileSync(path.join(repository, 'docs/deployment.md'), 'utf8').split('\n## Kubernetes\n')[1] ?? '';
  const block = (language: string) =>
    [...section.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(([, text]) => String(text));
  const [values = ''] = block('yaml');
  const commands = block('bash').filter((text) => /^(?:kubectl|helm) /m.test(text));
  expect(commands).toHaveLength(2);
  const folder = mkdtempSync(path.join(tmpdir(), 'products-commands-'));
  const file = path.join(folder, 'my-values.yaml');
  writeFileSync(file, values);
  // biome-ignore lint/style/noProcessEnv: bash, kubectl and openssl are found on it.
  const env = { PATH: process.env['PATH'], HELM: helmProgram, KUBECONFIG: path.join(folder, 'none'), HOME: folder };
  const script = WITHOUT_CLUSTER + commands.join('').replaceAll('my-values.yaml', file);
  const printed = execFileSync('bash', ['-c', script], { cwd: repository, env, encoding: 'utf8' });
  rmSync(folder, { recursive: true });

  // biome-ignore lint/suspicious/noExplicitAny: manifests of any kind.
  const documents = parseAllDocuments(printed).map((document) => document.toJS() as any);
  const secrets = documents.filter((document): document is Secret => document?.kind === 'Secret');
  const made = secrets.flatMap(({ metadata, data }) => Object.keys(data).map((key) => `${metadata.name}.${key}`));
  const asked = new Rendered('production').pods.flatMap(({ containers }) =>
    containers.flatMap(({ env: variables = [] }) =>
      variables.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []).map(({ name, key }) => `${name}.${key}`),
    ),
  );
  expect(made.sort()).toEqual(asked.sort());
  const labels = documents.flatMap((document) =>
    document?.kind === 'Namespace' ? Object.entries(document.metadata.labels ?? {}) : [],
  );
  expect(labels).toEqual([
    ['pod-security.kubernetes.io/enforce', 'restricted'],
    ['products-client', 'true'],
  ]);
  const release = documents.find((document) => typeof document?.manifest === 'string');
  const kinds = (text: string) => [...text.matchAll(/^kind: (\w+)$/gm)].map(([, kind]) => kind);
  expect(kinds(release.manifest)).toEqual(expect.arrayContaining(['Deployment', 'HTTPRoute', 'PrometheusRule']));
  expect(release.hooks.map(({ kind }: { kind: string }) => kind)).toEqual(['NetworkPolicy', 'Job']);
  const applied = documents.filter((document) => document?.kind === 'Deployment');
  expect(applied).toHaveLength(1);
  process.stdout.write(
    `\n${documents.length} documents from the commands of ${path.relative(repository, chartFolder)}\n`,
  );
});
