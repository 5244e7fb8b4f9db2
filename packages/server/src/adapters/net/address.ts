import ipaddr from 'ipaddr.js';

/** An IP address with every disguise taken off: an IPv4 address inside `::ffff:0:0/96` is that IPv4 address. */
export type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** A range of addresses. */
export interface Network {
  readonly address: Address;
  readonly prefix: number;
}

/**
 * Ranges that must never be connected to for a caller. `ipaddr.js` knows most of them, but its answer is a name for
 * everything it was taught and `unicast` for the rest, so that a range it forgets is open; this list is ours and is
 * asked as well (IANA special-purpose registries, RFC 6890 and successors).
 */
const FORBIDDEN = [
  '0.0.0.0/8', // this host; imgproxy CVE-2025-24354
  '10.0.0.0/8',
  '100.64.0.0/10', // carrier-grade NAT, with Alibaba's metadata host 100.100.100.200
  '127.0.0.0/8',
  '168.63.129.16/32', // Azure's platform host: a public address that only machines inside Azure reach
  '169.254.0.0/16', // link local, with the metadata host of most clouds
  '172.16.0.0/12',
  '192.0.0.0/24', // protocol assignments, with Oracle's metadata host 192.0.0.192
  '192.0.2.0/24',
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16',
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4', // reserved, with 255.255.255.255
  '::/96', // unspecified, loopback and the old IPv4-compatible form
  '64:ff9b::/96', // NAT64: an IPv4 address in disguise
  '64:ff9b:1::/48', // local NAT64
  '100::/64', // discard
  '2001::/23', // protocol assignments, with Teredo 2001::/32
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4: an IPv4 address in disguise
  '2620:4f:8000::/48', // AS112 sinks
  '3fff::/20', // documentation
  '5f00::/16', // segment routing
  'fc00::/7', // unique local, with AWS's metadata host fd00:ec2::254
  'fe80::/10',
  'fec0::/10', // site local
  'ff00::/8',
].map(readKnownNetwork);

/** All that IANA has given out as global unicast; every IPv6 address outside is refused without asking what it is. */
const GLOBAL_IPV6 = readKnownNetwork('2000::/3');

/**
 * Reads an address as DNS and the URL parser spell it; undefined if it is none, or has a zone (`fe80::1%eth0`).
 *
 * IPv6 goes through the URL parser first: ipaddr.js 2.5 reads `::8.8.8.8` as `::ffff:8.8.8.8`, which the operating system
 * does not, and a checker that reads an address otherwise than `connect` does checks nothing.
 */
export function readAddress(text: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  if (!text.includes(':')) return undefined;
  const canonical = URL.parse(`http://[${text}]/`)?.hostname.slice(1, -1) ?? '';
  return ipaddr.IPv6.isValid(canonical) ? ipaddr.process(canonical) : undefined;
}

/** Reads `10.0.0.0/8` or a single address; undefined if it is neither. */
export function readNetwork(text: string): Network | undefined {
  const [host = '', length, ...more] = text.split('/');
  const address = readAddress(host);
  if (address === undefined || more.length > 0) return undefined;
  const bits = address.kind() === 'ipv4' ? 32 : 128;
  if (length === undefined) return { address, prefix: bits };
  // A mapped network would mean another prefix than the one that was written.
  if (!/^\d{1,3}$/.test(length) || Number(length) > bits || host.includes(':') !== (bits === 128)) return undefined;
  return { address, prefix: Number(length) };
}

/** Whether the address lies in the network; addresses of the other family never do. */
export function isInside(address: Address, network: Network): boolean {
  return address.kind() === network.address.kind() && address.match(network.address, network.prefix);
}

/** Whether anybody on the Internet could reach this address, so that connecting to it opens nothing of ours. */
export function isGlobal(address: Address): boolean {
  if (address.kind() === 'ipv6' && !isInside(address, GLOBAL_IPV6)) return false;
  return address.range() === 'unicast' && !FORBIDDEN.some((network) => isInside(address, network));
}

function readKnownNetwork(text: string): Network {
  const network = readNetwork(text);
  if (network === undefined) throw new Error(`not a network: ${text}`);
  return network;
}
