import type { z } from 'zod';
import { jsonAnswer } from '../json-answer.ts';
import type { RouteDoc } from '../route.ts';
import {
  changeEndpointBody,
  createEndpointBody,
  deletedEndpoint,
  deliveriesQuery,
  deliveryList,
  deliveryObject,
  deliveryPath,
  endpointList,
  endpointObject,
  endpointPath,
  rotateBody,
  testOutcome,
} from './schema.ts';

const posted = (schema: z.ZodType, usual: unknown) => ({ 'application/json': { schema, examples: { usual } } });

/** How the webhook routes are described in `/openapi.json`. */
export const docs = {
  create: {
    id: 'createWebhookEndpoint',
    summary: 'Be told of your videos',
    description:
      'Events are POSTed as JSON, signed as Standard Webhooks 1.0.0 says, and repeated over three days until the ' +
      'address answers 2xx. The secret is shown in this answer only.',
    body: posted(createEndpointBody, { url: 'https://example.com/hooks', events: ['video.succeeded', 'video.failed'] }),
    answers: { 200: jsonAnswer(endpointObject, 'The endpoint, with its secret.') },
    faults: ['invalid_request', 'invalid_json', 'missing_field', 'url_not_allowed', 'limit_reached'],
  },
  list: {
    id: 'listWebhookEndpoints',
    summary: 'Your webhook endpoints',
    answers: { 200: jsonAnswer(endpointList, 'All of them, oldest first.') },
    faults: [],
  },
  retrieve: {
    id: 'retrieveWebhookEndpoint',
    summary: 'One webhook endpoint',
    path: endpointPath,
    answers: { 200: jsonAnswer(endpointObject, 'The endpoint.') },
    faults: ['not_found'],
  },
  change: {
    id: 'changeWebhookEndpoint',
    summary: 'Change, disable or enable a webhook endpoint',
    path: endpointPath,
    body: posted(changeEndpointBody, { enabled: true }),
    answers: { 200: jsonAnswer(endpointObject, 'The endpoint as it is now.') },
    faults: ['invalid_request', 'invalid_json', 'not_found', 'url_not_allowed'],
  },
  delete: {
    id: 'deleteWebhookEndpoint',
    summary: 'Delete a webhook endpoint and its deliveries',
    path: endpointPath,
    answers: { 200: jsonAnswer(deletedEndpoint, 'It is gone.') },
    faults: ['invalid_request', 'not_found'],
  },
  rotate: {
    id: 'rotateWebhookSecret',
    summary: 'Get a new secret',
    description: 'Until the overlap ends, every delivery carries a signature of both secrets.',
    path: endpointPath,
    body: posted(rotateBody, { overlap_hours: 24 }),
    answers: { 200: jsonAnswer(endpointObject, 'The endpoint, with its new secret.') },
    faults: ['invalid_request', 'invalid_json', 'not_found'],
  },
  test: {
    id: 'testWebhookEndpoint',
    summary: 'Send a test event now',
    path: endpointPath,
    answers: { 200: jsonAnswer(testOutcome, 'How it went.') },
    faults: ['invalid_request', 'not_found'],
  },
  deliveries: {
    id: 'listWebhookDeliveries',
    summary: 'What an endpoint was sent',
    path: endpointPath,
    query: deliveriesQuery,
    answers: { 200: jsonAnswer(deliveryList, 'A page, newest first.') },
    faults: ['invalid_request', 'not_found'],
  },
  replay: {
    id: 'replayWebhookDelivery',
    summary: 'Send a delivery again',
    path: deliveryPath,
    answers: { 200: jsonAnswer(deliveryObject, 'The delivery, due now.') },
    faults: ['not_found', 'endpoint_disabled'],
  },
} as const satisfies Record<string, RouteDoc>;
