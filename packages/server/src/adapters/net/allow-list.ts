import { type Address, isInside, type Network, readNetwork } from './address.ts';

/** A host the operator exempts from the address check, by name or by address; without a port: on every port. */
export type AllowedHost =
  | { readonly kind: 'name'; readonly name: string; readonly port: number | undefined }
  | { readonly kind: 'network'; readonly network: Network; readonly port: number | undefined };

/** What is wrong with an allow list, every entry at once. */
export class AllowListError extends Error {
  override readonly name = 'AllowListError';
}

/**
 * Reads `host[:port],CIDR…`, for example `minio.internal:9000,10.20.0.0/16,[::1]:8080`.
 *
 * An exempt network opens every name that resolves into it; an exempt name opens whatever it resolves to. Wildcards are
 * not offered: `*.example.com` would hand the exemption to whoever can add a record there.
 *
 * @throws AllowListError that tells each bad entry and what is allowed
 */
export function readAllowList(text: string): readonly AllowedHost[] {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  const mistakes: string[] = [];
  const hosts: AllowedHost[] = [];
  for (const entry of entries) {
    const read = readEntry(entry);
    if (typeof read === 'string') mistakes.push(`"${entry}" ${read}`);
    else hosts.push(read);
  }
  if (mistakes.length > 0) throw new AllowListError(mistakes.join('; '));
  return hosts;
}

/** The entry, or what is wrong with it. */
function readEntry(entry: string): AllowedHost | string {
  if (entry.includes('://')) return 'is a URL: write only host or host:port';
  if (entry.includes('*')) return 'has a wildcard: name each host, or a network such as 10.0.0.0/8';
  const network = readNetwork(entry);
  if (network !== undefined) return { kind: 'network', network, port: undefined };
  if (entry.includes('/')) return 'is not a network such as 10.0.0.0/8 or fd00::/8';

  const [, bracketed, bare, digits] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/.exec(entry) ?? [];
  const host = bracketed ?? bare ?? '';
  const port = digits === undefined ? undefined : readPort(digits);
  if (port === 'invalid') return 'has a port outside 1 to 65535';
  const single = readNetwork(host);
  if (single !== undefined) return { kind: 'network', network: single, port };
  // The URL parser is asked, so that a name here is spelled as it will be in a URL (lower case, punycode).
  const url = bracketed === undefined ? URL.parse(`http://${host}/`) : null;
  const name = withoutDots(url?.hostname ?? '');
  if (url?.href !== `http://${url?.hostname}/` || !/^[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?$/.test(name)) {
    return 'is not a host name, host:port, address or network';
  }
  const literal = readNetwork(name);
  return literal === undefined ? { kind: 'name', name, port } : { kind: 'network', network: literal, port };
}

function readPort(digits: string): number | 'invalid' {
  const port = Number(digits);
  return /^\d{1,5}$/.test(digits) && port >= 1 && port <= 65535 ? port : 'invalid';
}

/** A name with its trailing dots taken off: `localhost.` is `localhost`. */
export function withoutDots(name: string): string {
  return name.replace(/\.+$/, '');
}

/** Whether the operator exempted this very name on this port. */
export function allowsName(allow: readonly AllowedHost[], name: string, port: number): boolean {
  return allow.some((host) => host.kind === 'name' && host.name === name && (host.port ?? port) === port);
}

/** Whether the operator exempted this address on this port. */
export function allowsAddress(allow: readonly AllowedHost[], address: Address, port: number): boolean {
  return allow.some(
    (host) => host.kind === 'network' && isInside(address, host.network) && (host.port ?? port) === port,
  );
}
