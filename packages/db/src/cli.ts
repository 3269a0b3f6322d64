// The db:* scripts, which replace the Flask service's init_db.py, and what `dev` runs the service on.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseDatabaseUrl } from './connection.js';
import { findRunningEmbeddedDatabase, locateEmbeddedFolder, startEmbeddedDatabase } from './embedded/index.js';
import { createRoles, type RoleName } from './roles.js';
import { initDatabase, migrateDatabase, seedDatabase } from './setup.js';

/** The password of each role of `roles`; a role whose variable is not set is not made. */
const passwordVariables: Readonly<Record<RoleName, string>> = {
  products_service: 'DB_SERVICE_PASSWORD',
  products_exporter: 'DB_EXPORTER_PASSWORD',
};

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

// biome-ignore lint/style/noProcessEnv: this file is the edge of the db:* scripts.
const parse = (url: string) => parseDatabaseUrl(url, process.env);

const commands: Readonly<Record<string, (url: string) => Promise<string>>> = {
  init: async (url) => {
    const { refused, added } = await initDatabase(parse(url));
    return `Base de données prête${describeRefused(refused)} : ${describeSeeding(added)}.`;
  },
  migrate: async (url) => {
    const refused = await migrateDatabase(parse(url));
    return `Migrations appliquées${describeRefused(refused)}.`;
  },
  seed: async (url) => {
    const added = await seedDatabase(parse(url));
    return `Base de données : ${describeSeeding(added)}.`;
  },
  roles: async (url) => {
    const passwords = Object.fromEntries(
      Object.entries(passwordVariables).flatMap(([role, variable]) => {
        // biome-ignore lint/style/noProcessEnv: this file is the edge of the db:* scripts.
        const password = process.env[variable];
        return password === undefined || password === '' ? [] : [[role, password]];
      }),
    );
    if (Object.keys(passwords).length === 0) {
      throw new Error(`Aucun mot de passe de rôle : définissez ${Object.values(passwordVariables).join(', ')}.`);
    }
    const names = await createRoles(parse(url), passwords);
    return `Rôles prêts : ${names.join(', ')}.`;
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

/** The names of indexes that cannot be made, if any. */
function describeRefused(names: readonly string[]): string {
  if (names.length === 0) return '';
  const why = 'ils ne peuvent être créés : droits, valeurs trop longues ; les listes triées seront plus lentes';
  return `, sans les index ${names.join(', ')} (${why})`;
}

function describeSeeding(added: number): string {
  return added === 0
    ? 'rien n’a été ajouté, la table a des produits ou il n’y a pas d’exemples'
    : `${added} produits exemples ajoutés`;
}

/** Runs a command on the embedded database, migrated and seeded, or on the configured one as it is. Returns its exit code. */
function runOnDatabase([name = '', ...parameters]: readonly string[]): Promise<number> {
  let command: ChildProcess | undefined;
  let isStopping = false;
  const stop = (signal: NodeJS.Signals) => {
    isStopping = true;
    command?.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  return withDatabaseUrl(async (url, psql) => {
    if (psql !== undefined) {
      await initDatabase(parse(url));
      // As the service's own line says it.
      const line = { level: 'INFO', service: 'postgres', psql, message: 'PostgreSQL embarqué démarré' };
      process.stdout.write(`${JSON.stringify(line)}\n`);
    }
    // A signal that came while the database was made ready.
    if (isStopping) return 1;
    // biome-ignore lint/style/noProcessEnv: the command inherits it.
    command = spawn(name, parameters, { stdio: 'inherit', env: { ...process.env, DATABASE_URL: url } });
    const [code] = await once(command, 'exit');
    return code ?? 1;
  });
}

/** `DATABASE_URL`, else the embedded database: the running one, or one for the time of the work, which is told its psql command. */
async function withDatabaseUrl<T>(work: (url: string, psql?: string) => Promise<T>): Promise<T> {
  // biome-ignore lint/style/noProcessEnv: this file is the edge of the db:* scripts.
  const configured = process.env['DATABASE_URL']?.trim();
  if (configured !== undefined && configured !== '') return work(configured);
  const folder = locateEmbeddedFolder();
  if (folder === undefined) throw new Error('DATABASE_URL est obligatoire hors d’une copie de travail du dépôt.');
  const running = findRunningEmbeddedDatabase(folder);
  if (running !== undefined) return work(running);
  const embedded = await startEmbeddedDatabase({ folder });
  // Ctrl-C ends drizzle-kit, which ends the work; then the server is stopped.
  for (const signal of SIGNALS) process.on(signal, () => {});
  try {
    return await work(embedded.url, embedded.psqlCommand);
  } finally {
    await embedded.stop();
  }
}

/** The failure of a host with several addresses has an error for each and no message. */
function describeFailure(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(describeFailure).join(' ; ');
  return error instanceof Error ? error.message : String(error);
}

const [first = '', ...others] = process.argv.slice(2);
try {
  if (first === 'run' && others[0] === '--') process.exitCode = await runOnDatabase(others.slice(1));
  else {
    const chosen = [first, ...others].map((name) => {
      const command = commands[name];
      if (command !== undefined) return command;
      throw new Error(`Commande inconnue « ${name} » : ${Object.keys(commands).join(', ')} sont possibles.`);
    });
    for (const command of chosen) process.stdout.write(`${await withDatabaseUrl(command)}\n`);
  }
} catch (error) {
  process.stderr.write(`${describeFailure(error)}\n`);
  process.exitCode = 1;
}
