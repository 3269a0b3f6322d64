// The db:* scripts; they replace the Flask service's init_db.py.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseDatabaseUrl } from './connection.js';
import { findRunningEmbeddedDatabase, locateEmbeddedFolder, startEmbeddedDatabase } from './embedded/index.js';
import { initDatabase, migrateDatabase, seedDatabase } from './setup.js';

const commands: Readonly<Record<string, (url: string) => Promise<string>>> = {
  init: async (url) => {
    const added = await initDatabase(parseDatabaseUrl(url));
    return `Base de données prête : ${describeSeeding(added)}.`;
  },
  migrate: async (url) => {
    await migrateDatabase(parseDatabaseUrl(url));
    return 'Migrations appliquées.';
  },
  seed: async (url) => {
    const added = await seedDatabase(parseDatabaseUrl(url));
    return `Base de données : ${describeSeeding(added)}.`;
  },
  studio: async (url) => {
    const studio = spawn('drizzle-kit', ['studio'], {
      stdio: 'inherit',
      // biome-ignore lint/style/noProcessEnv: drizzle-kit finds itself and the URL through its environment.
      env: { ...process.env, DATABASE_URL: url },
    });
    await once(studio, 'exit');
    return 'drizzle-kit studio arrêté.';
  },
};

function describeSeeding(added: number): string {
  return added === 0
    ? 'la table contient déjà des produits, rien n’a été ajouté'
    : `${added} produits exemples ajoutés`;
}

/** `DATABASE_URL`, else the embedded database: the running one, or one that runs for the time of the work. */
async function withDatabaseUrl(work: (url: string) => Promise<string>): Promise<string> {
  // biome-ignore lint/style/noProcessEnv: this file is the edge of the db:* scripts.
  const configured = process.env['DATABASE_URL']?.trim();
  if (configured !== undefined && configured !== '') return work(configured);
  const folder = locateEmbeddedFolder();
  if (folder === undefined) throw new Error('DATABASE_URL est obligatoire hors d’une copie de travail du dépôt.');
  const running = findRunningEmbeddedDatabase(folder);
  if (running !== undefined) return work(running);
  const embedded = await startEmbeddedDatabase({ folder });
  // Ctrl-C ends drizzle-kit, which ends the work; then the server is stopped.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => {});
  process.on('SIGHUP', () => {});
  try {
    return await work(embedded.url);
  } finally {
    await embedded.stop();
  }
}

/** The failure of a host with several addresses has an error for each and no message of its own. */
function describeFailure(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(describeFailure).join(' ; ');
  return error instanceof Error ? error.message : String(error);
}

const [name = ''] = process.argv.slice(2);
const command = commands[name];
try {
  if (command === undefined) {
    throw new Error(`Commande inconnue « ${name} » : ${Object.keys(commands).join(', ')} sont possibles.`);
  }
  process.stdout.write(`${await withDatabaseUrl(command)}\n`);
} catch (error) {
  process.stderr.write(`${describeFailure(error)}\n`);
  process.exitCode = 1;
}
