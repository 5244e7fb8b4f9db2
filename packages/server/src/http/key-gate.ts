import { BlockList, isIP } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller, KeyLimits } from '../domain/api-key.ts';
import { Fault } from '../domain/fault.ts';
import { createRates, insist } from '../service/rates.ts';
import { tellRate } from './rate-headers.ts';

/** Holds a key to the addresses it may be used from and to its requests per minute. */
export type KeyGate = (caller: Caller, request: FastifyRequest, reply: FastifyReply) => void;

/** @returns throws Fault `address_not_allowed` or `rate_limited`; a key that nothing narrows costs nothing */
export function createKeyGate(clock: { now(): number }): KeyGate {
  const rates = createRates(clock);
  const lists = new WeakMap<KeyLimits, BlockList>();

  function allows(limits: KeyLimits, addresses: readonly string[], ip: string): boolean {
    let list = lists.get(limits);
    if (list === undefined) {
      list = listOf(addresses);
      lists.set(limits, list);
    }
    // A socket that listens on IPv6 tells an IPv4 peer in IPv6's clothes.
    const plain = ip.replace(/^::ffff:(?=\d+\.)/i, '');
    return list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
  }

  return (caller, request, reply) => {
    const { limits } = caller;
    if (limits === undefined) return;
    if (limits.addresses !== undefined && !allows(limits, limits.addresses, request.ip)) {
      throw new Fault('address_not_allowed', 'This API key may not be used from this address.');
    }
    const { requestsPerMinute } = limits;
    const taken = rates.take(caller, requestsPerMinute);
    if (taken !== undefined && requestsPerMinute !== undefined) tellRate(reply, 'requests', requestsPerMinute, taken);
    insist(taken, 'be used', requestsPerMinute);
  };
}

function listOf(addresses: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of addresses) {
    const [address = '', bits] = text.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}
