// The project's image, built and run with Docker, or without an engine: then the program that IMAGE_BUILD names makes it
// on a stand-in of its base, and its containers are namespaces with a read-only root.
import {
  type ChildProcess,
  type ChildProcessByStdio,
  execFileSync,
  type SpawnSyncReturns,
  spawn,
  spawnSync,
} from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';

const repository = path.resolve(import.meta.dirname, '../../../..');
// biome-ignore lint/style/noProcessEnv: what builds the image is this machine's affair.
const standInBuilder = process.env['IMAGE_BUILD'];
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** What the image says of how it is run; the names are the format's. */
interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Cmd: readonly string[];
  readonly WorkingDir: string;
  readonly ExposedPorts: Readonly<Record<string, object>>;
  readonly Healthcheck: { readonly Test: readonly string[] };
  readonly Labels: Readonly<Record<string, string>>;
}

interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Instead of the image's own. */
  readonly command?: readonly string[];
}

export interface Image {
  readonly config: ImageConfig;
  /** Runs a container to its end: the image's user, a read-only root, this machine's network. */
  run(options: RunOptions): SpawnSyncReturns<string>;
  start(options: RunOptions): ChildProcessByStdio<null, Readable, null>;
  /** Sends a signal to the first process of a container. */
  signal(container: ChildProcess, signal: NodeJS.Signals): void;
  /** Removes the containers and the image, but not the base image. */
  remove(): void;
}

/** @throws {Error} when there is nothing on this machine to build an image with */
export function buildImage(name: string): Image {
  if (standInBuilder) return buildStandIn(name, standInBuilder);
  if (spawnSync('docker', ['version']).status === 0) return buildWithDocker(name);
  throw new Error(
    `The image can be built by no one here: there is no Docker engine, and IMAGE_BUILD names no program.`,
  );
}

function buildWithDocker(name: string): Image {
  execFileSync('docker', ['build', '--tag', name, repository], { stdio: ['ignore', 2, 2] });
  const commandLine = ({ environment = {}, command = [] }: RunOptions) => [
    ...['run', '--rm', '--read-only', '--network', 'host'],
    ...Object.entries(environment).flatMap(([variable, value]) => ['--env', `${variable}=${value}`]),
    name,
    ...command,
  ];
  return {
    config: JSON.parse(
      execFileSync('docker', ['image', 'inspect', '--format', '{{json .Config}}', name], { encoding: 'utf8' }),
    ),
    run: (options) =>
      spawnSync('docker', commandLine(options), { encoding: 'utf8', maxBuffer: MAX_OUTPUT_BYTES, timeout: 60_000 }),
    start: (options) => spawn('docker', commandLine(options), { stdio: ['ignore', 'pipe', 'inherit'] }),
    // The client hands it on to the container's first process.
    signal: (container, signal) => container.kill(signal),
    remove: () => execFileSync('docker', ['image', 'rm', '--force', name], { stdio: ['ignore', 2, 2] }),
  };
}

/**
 * The first process of the container is the image's user in a chroot, alone in its namespaces. It goes when unshare goes:
 * the kernel forgets unshare's own `--kill-child` when the user changes.
 */
const CONTAINER = `set -e
root=$1; shift
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
exec "$@"`;

function buildStandIn(name: string, builder: string): Image {
  execFileSync(builder, [repository, name], { stdio: ['ignore', 2, 2] });
  // biome-ignore lint/style/noProcessEnv: buildah keeps its images where the builder has it keep them.
  const env = { ...process.env, STORAGE_DRIVER: 'vfs', BUILDAH_ISOLATION: 'chroot' };
  const buildah = (...commandLine: string[]) =>
    execFileSync('buildah', commandLine, { encoding: 'utf8', env, maxBuffer: MAX_OUTPUT_BYTES }).trim();
  const { Docker: image } = JSON.parse(buildah('inspect', '--type', 'image', `localhost/${name}`));
  const config: ImageConfig = image.config;
  const [uid, gid] = config.User.split(':');
  const container = buildah('from', '--pull-never', `localhost/${name}`);
  const root = buildah('mount', container);
  const commandLine = ({ environment = {}, command = config.Cmd }: RunOptions) => [
    ...['--mount', '--pid', '--fork', 'bash', '-c', CONTAINER, 'container', root],
    ...['chroot', root, 'setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--pdeathsig=KILL'],
    ...['env', '--ignore-environment', `--chdir=${config.WorkingDir}`],
    ...config.Env,
    ...Object.entries(environment).map(([variable, value]) => `${variable}=${value}`),
    ...command,
  ];
  return {
    config,
    run: (options) =>
      spawnSync('unshare', commandLine(options), { encoding: 'utf8', maxBuffer: MAX_OUTPUT_BYTES, timeout: 60_000 }),
    start: (options) => spawn('unshare', commandLine(options), { stdio: ['ignore', 'pipe', 'inherit'] }),
    signal: ({ pid }, signal) => {
      const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
      process.kill(Number(first), signal);
    },
    remove: () => {
      buildah('umount', container);
      buildah('rm', container);
      buildah('rmi', `localhost/${name}`);
    },
  };
}
