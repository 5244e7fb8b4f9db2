import { jsonAnswer } from '../json-answer.ts';
import type { RouteDoc } from '../route.ts';
import { auditList, auditQuery, createKeyBody, keyList, keyObject, keyPath, keysQuery, revokedKey } from './schema.ts';

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
    answers: { 200: jsonAnswer(keyObject, 'The key, with its secret.') },
    faults: ['invalid_request', 'invalid_json', 'missing_field'],
  },
  listKeys: {
    id: 'listKeys',
    summary: 'API keys, never their secrets',
    query: keysQuery,
    answers: { 200: jsonAnswer(keyList, 'All of them, revoked ones too, oldest first.') },
    faults: ['invalid_request'],
  },
  revokeKey: {
    id: 'revokeKey',
    summary: 'Revoke an API key',
    description: 'Every process refuses it within seconds.',
    path: keyPath,
    answers: { 200: jsonAnswer(revokedKey, 'It opens nothing any more.') },
    faults: ['not_found'],
  },
  audit: {
    id: 'listAudit',
    summary: 'What operators did',
    query: auditQuery,
    answers: { 200: jsonAnswer(auditList, 'A page, newest first.') },
    faults: ['invalid_request'],
  },
} as const satisfies Record<string, RouteDoc>;
