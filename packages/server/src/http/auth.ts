import type { Caller, Scope } from '../domain/api-key.ts';
import { Fault } from '../domain/fault.ts';
import type { Keys } from '../service/keys.ts';

const SEND_A_KEY = 'Send an API key of this server as "Authorization: Bearer <key>".';

/**
 * Who is asking. `Authorization: Bearer` is the only header that authenticates: a second way in would be a second set of
 * checks to forget (CVE-2026-45339), so `x-api-key` and its kin are not even read.
 *
 * @returns at once for a key that was used a moment ago
 * @throws Fault `missing_api_key` or `invalid_api_key`
 */
export function authenticate(
  keys: Pick<Keys, 'authenticate' | 'recall'>,
  authorization: string | undefined,
): Caller | Promise<Caller> {
  if (authorization === undefined || authorization === '') {
    throw new Fault('missing_api_key', `No API key was sent. ${SEND_A_KEY}`, { param: 'Authorization' });
  }
  const secret = /^bearer +(\S+) *$/i.exec(authorization)?.[1];
  if (secret === undefined) {
    throw new Fault('invalid_api_key', `The Authorization header is not a Bearer key. ${SEND_A_KEY}`, {
      param: 'Authorization',
    });
  }
  return keys.recall(secret) ?? keys.authenticate(secret);
}

/** @throws Fault `insufficient_scope` */
export function requireScope(caller: Caller, scope: Scope): void {
  if (caller.scopes.includes(scope)) return;
  throw new Fault('insufficient_scope', `This API key may not do that: it lacks the scope "${scope}".`);
}
