import type { DialectName } from '../dialect-name.ts';
import type { AppParts } from '../parts.ts';
import type { Route } from '../route.ts';
import { dashscopeRoutes } from './dashscope/routes.ts';
import { openaiRoutes } from './openai/routes.ts';
import { openrouterRoutes } from './openrouter/routes.ts';

interface Mounted {
  /** Where its addresses begin. */
  readonly mount: string;
  routes(parts: AppParts, mount: string): readonly Route[];
}

/** The wire languages beside the native one, and where they live: mounted, never guessed from a request. */
const DIALECTS = {
  openai: { mount: '/openai/v1', routes: openaiRoutes },
  dashscope: { mount: '/api/v1', routes: dashscopeRoutes },
  openrouter: { mount: '/openrouter/api/v1', routes: openrouterRoutes },
} as const satisfies Partial<Record<DialectName, Mounted>>;

export type ForeignDialect = keyof typeof DIALECTS;

/** The routes of the dialects that are switched on. */
export function dialectRoutes(parts: AppParts): readonly Route[] {
  return Object.entries(DIALECTS).flatMap(([name, { mount, routes }]) =>
    parts.dialects.some((wanted) => wanted === name) ? routes(parts, mount) : [],
  );
}
