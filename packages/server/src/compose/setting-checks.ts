import { readAllowList } from '../adapters/net/allow-list.ts';

/** Checks of settings that only an adapter can make; their mistakes are told together with all others. */
export const settingChecks = { fetchAllow: readAllowList };
