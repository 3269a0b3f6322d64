import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/**
 * Runs a program to its end. Resolves with what it has printed.
 *
 * @throws {Error} when there is no such program, or it fails; with the end of its output.
 */
export async function run(
  program: string,
  parameters: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string | undefined>> } = {},
): Promise<string> {
  // biome-ignore lint/style/noProcessEnv: programs find their own settings, proxies among them, in their environment.
  const env = { ...process.env, ...options.env };
  const child = spawn(program, parameters, { ...options, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await once(child, 'close');
  const printed = (await output).join('');
  if (code !== 0) throw new Error(`${program} ${parameters.join(' ')} ended with ${code}:\n${printed.slice(-4_000)}`);
  return printed;
}
