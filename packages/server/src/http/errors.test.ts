import { describe, expect, it } from 'vitest';
import { FAULTS, Fault, type FaultCode } from '../domain/fault.ts';
import { errorObject } from './error-object.ts';
import { echo, errorBody, errorHeaders, faultOf, retryAfter, statusOf } from './errors.ts';

describe('faults as HTTP', () => {
  it('have a status each, and none is a success', () => {
    const statuses = new Set<number>();
    for (const code of Object.keys(FAULTS) as FaultCode[]) {
      const fault = new Fault(code, 'text');
      statuses.add(statusOf(fault));
      expect(errorObject.parse(errorBody(fault)).error).toMatchObject({ code, message: 'text', param: null });
    }
    expect([...statuses].toSorted()).toEqual([
      400, 401, 402, 403, 404, 405, 409, 410, 413, 415, 416, 422, 429, 500, 503, 507,
    ]);
  });

  it.each([
    ['invalid_image', 400],
    ['image_too_large', 400],
    ['insufficient_balance', 402],
    ['video_not_ready', 409],
    ['idempotency_mismatch', 422],
    ['queue_full', 429],
    ['storage_full', 507],
  ] as const)('%s is %i', (code, status) => {
    expect(statusOf(new Fault(code, ''))).toBe(status);
  });

  it('say when to come back, in whole seconds and never at once', () => {
    expect(errorHeaders(new Fault('rate_limited', '', { retryAfterMs: 1_200 }))['retry-after']).toBe('2');
    expect(errorHeaders(new Fault('rate_limited', ''))['retry-after']).toBeUndefined();
    expect(retryAfter(0)).toBe('1');
    expect(errorHeaders(new Fault('invalid_api_key', ''))['www-authenticate']).toBe('Bearer');
  });
});

describe('what is thrown', () => {
  it('stays a fault, becomes one of ours, or becomes a bug', () => {
    const fault = new Fault('not_found', 'gone');
    expect(faultOf(fault)).toBe(fault);
    expect(faultOf({ code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 }).code).toBe('request_too_large');
    expect(faultOf({ code: 'FST_ERR_NEW', statusCode: 418, message: 'secret' })).toMatchObject({
      code: 'invalid_request',
      message: 'The request could not be read.',
    });
    expect(faultOf({ code: 'FST_ERR_NEW', statusCode: 500 }).code).toBe('internal_error');
    expect(faultOf({ code: 'constructor' }).code).toBe('internal_error');
    for (const thrown of [new Error('secret'), 'secret', null, 42]) {
      expect(faultOf(thrown)).toMatchObject({ code: 'internal_error', cause: thrown });
      expect(faultOf(thrown).message).not.toContain('secret');
    }
  });
});

describe('echo', () => {
  it('is short and has no control characters or markup', () => {
    expect(echo('a\nb\u0000c\u202ed<script>"&')).toBe('a?b?c?d?script???');
    expect(echo('x'.repeat(100))).toBe(`${'x'.repeat(60)}…`);
  });
});
