import { Fault } from '../../domain/fault.ts';
import type { FetchLimits } from '../../ports/fetcher.ts';
import { type Address, isGlobal, readAddress } from './address.ts';
import { type AllowedHost, allowsAddress, allowsName, withoutDots } from './allow-list.ts';

/** A URL that may be tried. Everything after this reads the parsed URL, never the text: one parser, no gap between two. */
export interface Target {
  readonly url: URL;
  /** The host without brackets and trailing dots. */
  readonly host: string;
  readonly port: number;
  /** The host, if it is an address: no resolver is asked for it, so it is checked here. */
  readonly literal: Address | undefined;
  /** Whatever the name resolves to is allowed. */
  readonly exempt: boolean;
}

/**
 * Ports above 1023 that browsers refuse because something other than HTTP listens there (Fetch standard, "bad port").
 * Below 1024 only 80 and 443 are open: everything else there is a service that is not HTTP, such as SMTP. From 1024 up
 * people do serve pictures (8000, 8443, 9000), and the address check has made sure that it is a public machine.
 */
const BAD_PORTS: ReadonlySet<number> = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
]);

/** Names that mean a machine inside whatever network we run in; the address check would find most of them too. */
const LOCAL_NAME = /(^|\.)(localhost|localdomain|local|internal|intranet|lan|home\.arpa)$/;

/** What the URL parser silently repairs. Refused, so that nobody who reads the text otherwise can be fooled by it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const REPAIRED = /[\u0000-\u001f\\]/;

/**
 * Checks all that can be known about a URL without any traffic.
 *
 * @throws Fault `url_not_allowed`; its message depends on the URL and the configuration only, never on our network
 */
export function checkUrl(text: string, trust: FetchLimits['trust'], allow: readonly AllowedHost[]): Target {
  if (REPAIRED.test(text) || !URL.canParse(text)) throw notAllowed('is not a valid URL');
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw notAllowed('must start with http:// or https://');
  if (url.username !== '' || url.password !== '') throw notAllowed('must not hold a user name or password');
  // A trailing dot is a fully qualified name to DNS but another name to TLS and to virtual hosts.
  if (url.hostname.endsWith('.')) url.hostname = withoutDots(url.hostname);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (url.protocol === 'http:' ? 80 : 443) : Number(url.port);
  const literal = readAddress(host);
  if (host === '') throw notAllowed('names no host');
  if (port === 0) throw notAllowed('names port 0');
  if (trust === 'configured') return { url, host, port, literal, exempt: true };

  const exempt = literal === undefined ? allowsName(allow, host, port) : allowsAddress(allow, literal, port);
  if (!exempt) checkPublic(host, port, literal);
  return { url, host, port, literal, exempt };
}

function checkPublic(host: string, port: number, literal: Address | undefined): void {
  if (port < 1024 ? port !== 80 && port !== 443 : BAD_PORTS.has(port)) {
    throw notAllowed(`names port ${port}, where no pictures are served`);
  }
  if (literal !== undefined && !isGlobal(literal)) throw notAllowed('names an address that is not public');
  // A name of one label is somebody's neighbour (`redis`, `minio`), found by the resolver's search list.
  if (literal === undefined && (LOCAL_NAME.test(host) || !host.includes('.'))) {
    throw notAllowed('names a host that is not public');
  }
}

function notAllowed(what: string): Fault {
  return new Fault('url_not_allowed', `This address ${what}.`);
}
