import { adminRoutes } from './admin/routes.ts';
import { dialectRoutes } from './dialects/index.ts';
import { powertokensRoutes } from './dialects/powertokens/routes.ts';
import { fileRoutes } from './files/routes.ts';
import { healthRoutes } from './health.ts';
import { landingRoute } from './landing.ts';
import { describe, openapiRoute } from './openapi.ts';
import type { AppParts } from './parts.ts';
import { referenceRoute } from './reference/reference.ts';
import type { Route } from './route.ts';
import { usageRoutes } from './usage/routes.ts';
import { webhookRoutes } from './webhooks/routes.ts';

/** Every route of the server. What is not in here does not exist. */
export function allRoutes(parts: AppParts): readonly Route[] {
  const described = [
    ...powertokensRoutes(parts),
    ...fileRoutes(parts, 'powertokens', '/v1'),
    ...webhookRoutes(parts),
    ...usageRoutes(parts),
    ...dialectRoutes(parts),
    ...adminRoutes(parts),
    ...healthRoutes(parts),
    landingRoute(parts),
  ];
  const reference = referenceRoute(described, parts, (base) => describe(described, base, parts));
  const all = [...described, reference];
  return [...all, openapiRoute(all, parts)];
}
