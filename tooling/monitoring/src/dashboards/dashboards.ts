import { database } from './database.js';
import { serviceObjectives } from './objectives.js';
import { process } from './process.js';
import { requests } from './requests.js';
import type { Dashboard } from './specification.js';
import { telemetry } from './telemetry.js';

export const dashboards: readonly Dashboard[] = [requests, database, process, serviceObjectives, telemetry];
