// pnpm bench --profile: where the service's time goes under load, by stage.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { drive, type Load } from './load.js';
import { type ServerSurroundings, startServer } from './server-process.js';
import type { Target } from './targets.js';

const WARM_UP_REQUESTS = 4_000;
const REQUESTS = 12_000;
const SAMPLE_EVERY_US = 200;

/** What a profile of V8 has (https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile). */
interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** A part of a request: the functions of these files, or with these names. Stages overlap where one calls another. */
const stages: Readonly<Record<string, { readonly file?: RegExp; readonly name?: RegExp; readonly except?: RegExp }>> = {
  'Express and routes': { file: /\/(express|router|path-to-regexp)\// },
  'headers: helmet, cors, setHeader': {
    file: /\/(helmet|cors)\/|browser-policies/,
    name: /^(setHeader|_storeHeader)$/,
  },
  'tRPC and schemas': { file: /@trpc\/server|\/zod\// },
  'services, the way to PostgreSQL': { file: /backend\/dist\/services|packages\/db\/dist|drizzle-orm/ },
  'node-postgres': { file: /\/pg(-protocol|-pool|-types)?\// },
  'spans: SDK and attributes': {
    file: /@opentelemetry|telemetry\/dist\/traces\/(?!jaeger|batch|span-sender)/,
    // What they run is not theirs.
    except: /^(with|run|startActiveSpan|runInSpan|withQuerySpan|)$/,
  },
  'spans: encoding and sending': { file: /telemetry\/dist\/traces\/(jaeger|batch|span-sender)/ },
  'lines: pino and the buffer': { file: /\/pino|sonic-boom|telemetry\/dist\/(logger|log-buffer)/ },
  'metrics: prom-client': { file: /prom-client|telemetry\/dist\/metrics/ },
  'writing to sockets': { name: /^(writev|writeUtf8String|writeLatin1String|writeBuffer)$/ },
  'garbage collection': { name: /^\(garbage collector\)$/ },
};

/** Profiles the service under one kind of request, and returns a table of its stages by their share of the busy time. */
export async function profileService(
  target: Target,
  surroundings: ServerSurroundings,
  ask: Pick<Load, 'method' | 'body'> & { readonly path: string },
): Promise<string[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'products-profile-'));
  const nodeArguments = [
    '--cpu-prof',
    `--cpu-prof-dir=${folder}`,
    `--cpu-prof-interval=${SAMPLE_EVERY_US}`,
    ...target.nodeArguments,
  ];
  const server = await startServer({ ...target, nodeArguments }, surroundings);
  const load = { ...ask, url: `${server.url}${ask.path}`, connections: 10 };
  await drive({ ...load, requests: WARM_UP_REQUESTS });
  const startedUs = server.cpuMicroseconds();
  await drive({ ...load, requests: REQUESTS });
  const perRequestUs = (server.cpuMicroseconds() - startedUs) / REQUESTS;
  await server.stop();
  const [file = ''] = readdirSync(folder);
  const profile = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Profile;
  rmSync(folder, { recursive: true });
  return [
    `${ask.method} ${ask.path}: ${perRequestUs.toFixed(0)} µs of CPU a request, the profiler's included`,
    ...sumStages(profile).map(
      ({ stage, share }) =>
        `${(share * 100).toFixed(1).padStart(6)} % ${(share * perRequestUs).toFixed(1).padStart(7)} µs  ${stage}`,
    ),
  ];
}

/** The inclusive share of each stage of the time in which the process did something. */
function sumStages({ nodes, samples, timeDeltas }: Profile): { stage: string; share: number }[] {
  const names = Object.keys(stages);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  /** The stages that a node is within: its own, and those of whatever called it. */
  const within = new Map<number, ReadonlySet<string>>();
  const enter = (id: number, outer: ReadonlySet<string>) => {
    const node = byId.get(id);
    if (node === undefined) return;
    const own = names.filter((stage) => isOf(stage, node.callFrame));
    const all = own.length === 0 ? outer : new Set([...outer, ...own]);
    within.set(id, all);
    for (const child of node.children ?? []) enter(child, all);
  };
  const [root] = nodes;
  if (root !== undefined) enter(root.id, new Set());
  let busy = 0;
  const times = new Map<string, number>(names.map((name) => [name, 0]));
  samples.forEach((id, index) => {
    if (byId.get(id)?.callFrame.functionName === '(idle)') return;
    const elapsed = timeDeltas[index] ?? 0;
    busy += elapsed;
    for (const stage of within.get(id) ?? []) times.set(stage, (times.get(stage) ?? 0) + elapsed);
  });
  return [...times].map(([stage, time]) => ({ stage, share: time / busy })).toSorted((a, b) => b.share - a.share);
}

function isOf(stage: string, { functionName, url }: { functionName: string; url: string }): boolean {
  const { file, name, except } = stages[stage] ?? {};
  if (except?.test(functionName)) return false;
  return (file?.test(url) ?? false) || (name?.test(functionName) ?? false);
}
