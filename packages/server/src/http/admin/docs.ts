import type { z } from 'zod';
import type { AnswerDoc, RouteDoc } from '../route.ts';
import { auditList, auditQuery, createKeyBody, keyList, keyObject, keyPath, keysQuery, revokedKey } from './schema.ts';

const json = (schema: z.ZodType, description: string): AnswerDoc => ({
  description,
  content: { 'application/json': { schema } },
});

/** How the operator's routes are described in `/openapi.json`. */
export const docs = {
  createKey: {
    id: 'createKey',
    summary: 'Make an API key',
    description: 'The secret is shown in this answer only. What the key may do can only narrow what its project may.',
    body: {
      'application/json': {
        schema: createKeyBody,
        examples: {
          usual: {
            owner: 'default',
            name: 'web shop',
            scopes: ['videos:create', 'videos:read'],
            creates_per_minute: 10,
          },
        },
      },
    },
    answers: { 200: json(keyObject, 'The key, with its secret.') },
    faults: ['invalid_request', 'invalid_json', 'missing_field'],
  },
  listKeys: {
    id: 'listKeys',
    summary: 'API keys, never their secrets',
    query: keysQuery,
    answers: { 200: json(keyList, 'All of them, revoked ones too, oldest first.') },
    faults: ['invalid_request'],
  },
  revokeKey: {
    id: 'revokeKey',
    summary: 'Revoke an API key',
    description: 'Every process refuses it within seconds.',
    path: keyPath,
    answers: { 200: json(revokedKey, 'It opens nothing any more.') },
    faults: ['not_found'],
  },
  audit: {
    id: 'listAudit',
    summary: 'What operators did',
    query: auditQuery,
    answers: { 200: json(auditList, 'A page, newest first.') },
    faults: ['invalid_request'],
  },
} as const satisfies Record<string, RouteDoc>;
