import { z } from 'zod';
import type { AppParts } from './parts.ts';
import type { Route } from './route.ts';

const alive = z
  .object({ status: z.literal('ok'), version: z.string().meta({ example: '0.1.0' }) })
  .meta({ id: 'Health', description: 'The process answers.' });

const readiness = z
  .object({
    status: z.enum(['ready', 'not_ready']),
    parts: z.array(z.object({ name: z.string(), ready: z.boolean(), problem: z.string().nullable() })),
  })
  .meta({ id: 'Readiness', description: 'What the server needs, and whether it has it.' });

/** Alive, ready, and how it is doing. */
export function healthRoutes(parts: AppParts): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/healthz',
      access: 'open',
      dialect: null,
      body: 'none',
      doc: {
        id: 'getHealth',
        summary: 'Is the process alive?',
        answers: { 200: { description: 'It is.', content: { 'application/json': { schema: alive } } } },
        faults: [],
      },
      answer: (): z.output<typeof alive> => ({ status: 'ok', version: parts.version }),
    },
    {
      method: 'GET',
      path: '/readyz',
      access: 'open',
      dialect: null,
      body: 'none',
      doc: {
        id: 'getReadiness',
        summary: 'Can it do its work?',
        answers: {
          200: { description: 'Everything is ready.', content: { 'application/json': { schema: readiness } } },
          503: { description: 'Something is missing.', content: { 'application/json': { schema: readiness } } },
        },
        faults: [],
      },
      async answer(_request, reply): Promise<z.output<typeof readiness>> {
        const found = await parts.readiness();
        const ready = found.every((part) => part.ready);
        reply.code(ready ? 200 : 503);
        return {
          status: ready ? 'ready' : 'not_ready',
          parts: found.map((part) => ({ name: part.name, ready: part.ready, problem: part.problem ?? null })),
        };
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      access: 'admin',
      dialect: null,
      body: 'none',
      doc: {
        id: 'getMetrics',
        summary: 'Counters and times for Prometheus',
        answers: {
          200: { description: 'Prometheus text.', content: { 'text/plain': { schema: z.string() } } },
        },
        faults: [],
      },
      async answer(_request, reply) {
        return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await parts.renderMetrics());
      },
    },
  ];
}
