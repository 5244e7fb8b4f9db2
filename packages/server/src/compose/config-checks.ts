import { readAllowList } from '../adapters/net/allow-list.ts';
import { checkGraph } from './graph-file.ts';

/** Checks of the configuration that only an adapter can make; their mistakes are told together with all others. */
export const configChecks = { checks: { fetchAllow: readAllowList }, checkBackend: checkGraph };
