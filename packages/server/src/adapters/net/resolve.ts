import { lookup } from 'node:dns/promises';
import { type Address, isGlobal, readAddress } from './address.ts';
import { type AllowedHost, allowsAddress } from './allow-list.ts';
import type { Target } from './url-check.ts';

/** All addresses of a name, IPv4 and IPv6. Rejects when there are none. Passed in, so that a test can lie. */
export type Resolve = (name: string) => Promise<readonly string[]>;

/**
 * The operating system's resolver. It also reads `/etc/hosts` and the search list, as operators expect of an exempt
 * host; that these names point inside does no harm, since every address is checked.
 */
export const systemResolve: Resolve = async (name) => {
  const found = await lookup(name, { all: true, order: 'verbatim' });
  return found.map(({ address }) => address);
};

/**
 * The addresses a connection to the target may use. One forbidden address among public ones refuses them all: an honest
 * host has no such record, and an attacker who mixes them counts on the second try.
 */
export async function checkedAddresses(
  target: Target,
  resolve: Resolve,
  allow: readonly AllowedHost[],
): Promise<readonly Address[]> {
  if (target.literal !== undefined) return [target.literal];
  const texts = await resolve(target.host);
  const addresses = texts.flatMap((text) => {
    const address = readAddress(text);
    // A name an operator vouches for may also have a link-local address with a zone, which we cannot pin.
    if (address === undefined && target.exempt) return [];
    if (address === undefined) throw new Error('the resolver answered with something that is no plain address');
    if (target.exempt || isGlobal(address) || allowsAddress(allow, address, target.port)) return [address];
    throw new Error(`the name resolves to ${text}, which is not public`);
  });
  if (addresses.length === 0) throw new Error('the name has no address');
  return addresses;
}
