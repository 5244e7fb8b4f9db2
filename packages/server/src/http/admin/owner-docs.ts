import { jsonAnswer } from '../json-answer.ts';
import type { RouteDoc } from '../route.ts';
import { changeOwnerBody, createOwnerBody, ownerList, ownerObject, ownerPath, ownersQuery } from './owner-schema.ts';

/** How the routes of owners are described in `/openapi.json`. */
export const docs = {
  create: {
    id: 'createOwner',
    summary: 'Make a project',
    description: 'One that a key is made for is made by itself, without limits.',
    body: {
      'application/json': {
        schema: createOwnerBody,
        examples: { usual: { id: 'shop', running: 2, queued: 100, monthly_seconds: 3600, monthly_cost: '50.00' } },
      },
    },
    answers: { 200: jsonAnswer(ownerObject, 'The project.') },
    faults: ['invalid_request', 'invalid_json', 'missing_field', 'already_exists'],
  },
  list: {
    id: 'listOwners',
    summary: 'Projects and their limits',
    query: ownersQuery,
    answers: { 200: jsonAnswer(ownerList, 'A page, by name.') },
    faults: ['invalid_request'],
  },
  retrieve: {
    id: 'retrieveOwner',
    summary: 'A project, its limits and how it stands in this month',
    path: ownerPath,
    answers: { 200: jsonAnswer(ownerObject, 'The project.') },
    faults: ['not_found'],
  },
  change: {
    id: 'changeOwner',
    summary: "Change a project's limits",
    description: 'Every process acts on it within seconds. What was accepted before stays accepted.',
    path: ownerPath,
    body: {
      'application/json': { schema: changeOwnerBody, examples: { usual: { running: 4, monthly_seconds: null } } },
    },
    answers: { 200: jsonAnswer(ownerObject, 'The project as it is now.') },
    faults: ['invalid_request', 'invalid_json', 'not_found'],
  },
} as const satisfies Record<string, RouteDoc>;
