// Where the service starts. An older Node.js is refused before anything is loaded that needs this one.
import { writeSync } from 'node:fs';

/** The oldest Node.js that the service runs on. */
const NODE_MAJOR_MIN = 24;

const { node } = process.versions;
if (Number.parseInt(node, 10) >= NODE_MAJOR_MIN) {
  await import('./service.js');
} else {
  const now = new Date();
  const reason = `Node.js ${NODE_MAJOR_MIN} ou plus récent est requis, reçu : ${node}`;
  const line = {
    level: 'ERROR',
    timestamp: now.toISOString().slice(0, 19).replace('T', ' '),
    time: now.getTime(),
    service: 'backend',
    reason,
    message: `Configuration invalide : ${reason}`,
  };
  writeSync(1, `${JSON.stringify(line)}\n`);
  process.exitCode = 1;
}
