import type { FastifyRequest } from 'fastify';
import type { Caller } from '../../domain/api-key.ts';
import type { Actor } from '../../service/audit.ts';

/** Who acts, for the audit log. */
export function actorOf(request: FastifyRequest, { apiKey }: Caller): Actor {
  return { name: apiKey ?? 'environment key', address: request.ip, request: request.id };
}
