import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DnsServer, startDnsServer, type Zone } from '../../../../../test/support/dns-server.ts';
import { createQuietLog } from '../../../../../test/support/fakes.ts';
import { Fault } from '../../domain/fault.ts';
import { readAllowList } from './allow-list.ts';
import { createFetcher, type GuardedFetcher } from './fetcher.ts';
import { httpServer, type LoopbackServer } from './loopback.fixture.ts';
import { createPoster } from './poster.ts';

/**
 * One list of addresses that nobody may make us ask, tried at every door there is for an address that somebody else
 * wrote: a frame, a webhook, a result that an engine names, and what each of these redirects to. Names are resolved by a
 * real name server that lies. 127.0.0.1 plays the public Internet; a trap listens on what is inside.
 */

const PUBLIC = '127.0.0.1';
const INSIDE = '127.0.0.2';

/** Literals, by the line of the checklist they stand for. `PORT` is where the trap listens. */
const LITERALS: Readonly<Record<string, readonly string[]>> = {
  'other schemes, user info, ports': [
    'ftp://127.0.0.2:PORT/',
    'file:///etc/passwd',
    'gopher://127.0.0.2:PORT/_',
    'http://user:secret@127.0.0.2:PORT/',
    'http://public.example.com@127.0.0.2:PORT/',
    'http://public.example.com:22/',
    'http://public.example.com:0/',
    'http://public.example.com:6379@127.0.0.2:PORT/',
  ],
  'what two parsers read in two ways': [
    'http://public.example.com\\@127.0.0.2:PORT/',
    'http://127.0.0.2:PORT\\@public.example.com/',
    'http:\\\\127.0.0.2:PORT/',
    'http://127.0.0.2\t:PORT/',
    'http://127.0.0.2:PORT#@public.example.com/',
    'http://127.0.0.2:PORT?@public.example.com/',
    'http://１２７.０.０.２:PORT/',
    'http://127。0。0。2:PORT/',
    'http://①②⑦.⓪.⓪.②:PORT/',
    'http://%31%32%37.0.0.2:PORT/',
    'http:127.0.0.2:PORT/',
    'http:/127.0.0.2:PORT/',
    'HTTP://127.0.0.2:PORT/',
  ],
  unspecified: ['http://0.0.0.0:PORT/', 'http://0:PORT/', 'http://[::]:PORT/', 'http://[::0.0.0.0]:PORT/'],
  'IPv4 inside IPv6': [
    'http://[::ffff:127.0.0.2]:PORT/',
    'http://[::ffff:7f00:2]:PORT/',
    'http://[0:0:0:0:0:ffff:7f00:0002]:PORT/',
    'http://[::127.0.0.2]:PORT/',
    'http://[::ffff:0:127.0.0.2]:PORT/',
    'http://[64:ff9b::127.0.0.2]:PORT/',
    'http://[64:ff9b::7f00:2]:PORT/',
    'http://[64:ff9b:1::7f00:2]:PORT/',
    'http://[2002:7f00:2::]:PORT/',
    'http://[2001:0:7f00:2::]:PORT/',
  ],
  'IPv4 in other clothes': [
    'http://2130706434:PORT/',
    'http://0177.0.0.2:PORT/',
    'http://0177.0000.0000.0002:PORT/',
    'http://0x7f.0.0.2:PORT/',
    'http://0x7f000002:PORT/',
    'http://017700000002:PORT/',
    'http://127.2:PORT/',
    'http://127.0.2:PORT/',
    'http://0x7f.2:PORT/',
    'http://127.0.0.2.:PORT/',
  ],
  'metadata of clouds': [
    'http://169.254.169.254/latest/meta-data/',
    'http://2852039166/',
    'http://[::ffff:169.254.169.254]/',
    'http://[fd00:ec2::254]/',
    'http://100.100.100.200/',
    'http://168.63.129.16/',
    'http://192.0.0.192/',
    'http://metadata.google.internal/',
    'http://metadata.google.internal./',
  ],
  'private, local and reserved': [
    'http://10.0.0.1/',
    'http://172.16.0.1/',
    'http://172.31.255.255/',
    'http://192.168.0.1/',
    'http://100.64.0.1/',
    'http://127.0.0.2:PORT/',
    'http://127.255.255.254/',
    'http://224.0.0.1/',
    'http://255.255.255.255/',
    'http://240.0.0.1/',
    'http://192.0.2.1/',
    'http://198.18.0.1/',
    'http://[::1]:PORT/',
    'http://[fc00::1]/',
    'http://[fe80::1]/',
    'http://[fe80::1%25lo]:PORT/',
    'http://[fe80::1%lo]:PORT/',
    'http://[::1%25lo]:PORT/',
    'http://[fec0::1]/',
    'http://[ff02::1]/',
    'http://[100::1]/',
    'http://[2001:db8::1]/',
  ],
  'names of what is near': [
    'http://localhost:PORT/',
    'http://LocalHost:PORT/',
    'http://localhost.:PORT/',
    'http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:PORT/',
    'http://x.localhost:PORT/',
    'http://localhost.localdomain:PORT/',
    'http://printer.local/',
    'http://redis:6379/',
    'http://router.lan/',
    'http://db.internal/',
  ],
};

/** What lying name servers say, by the line of the checklist. */
const NAMES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'any address that is not public': {
    'private.example.com': ['10.0.0.7'],
    'loopback.example.com': [INSIDE],
    'metadata.example.com': ['169.254.169.254'],
    'alibaba.example.com': ['100.100.100.200'],
    'zero.example.com': ['0.0.0.0'],
    'six.example.com': ['::1'],
    'zero6.example.com': ['::'],
    'mapped.example.com': ['::ffff:127.0.0.2'],
    'mapped-metadata.example.com': ['::ffff:169.254.169.254'],
    'nat64.example.com': ['64:ff9b::7f00:2'],
    'local-nat64.example.com': ['64:ff9b:1::7f00:2'],
    '6to4.example.com': ['2002:7f00:2::'],
    'teredo.example.com': ['2001:0:7f00:2::'],
    'unique-local.example.com': ['fd00:ec2::254'],
    'link-local.example.com': ['fe80::1'],
    'xn--bcher-kva.example.com': [INSIDE],
  },
  'one of them among public ones': {
    'mixed.example.com': [PUBLIC, '10.0.0.7'],
    'mixed6.example.com': [PUBLIC, '::1'],
    'mixed-last.example.com': [PUBLIC, PUBLIC, INSIDE],
  },
  'no address at all': { 'nothing.example.com': [] },
};

let dns: DnsServer;
let trap: LoopbackServer;
let outside: LoopbackServer;
let fetcher: GuardedFetcher;
let poster: ReturnType<typeof createPoster>;
let folder: string;
const rebinding = new Map<string, number>();
const log = createQuietLog();
const tried = new Map<string, number>();
const { signal } = new AbortController();

/** Public for the first question of each kind and inside for every other. */
function changesItsMind(name: string): () => readonly string[] {
  return () => {
    const asked = rebinding.get(name) ?? 0;
    rebinding.set(name, asked + 1);
    return asked < 2 ? [PUBLIC] : [INSIDE];
  };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inbetween-doors-'));
  trap = await httpServer((_request, response) => response.end('inside'), INSIDE);
  const zone: Zone = {
    ...Object.assign({}, ...Object.values(NAMES)),
    'public.example.com': [PUBLIC],
    ...Object.fromEntries(
      ['frame', 'webhook', 'result'].map((name) => [`${name}.rebinding.example.com`, changesItsMind(name)]),
    ),
  };
  dns = await startDnsServer(zone);
  outside = await httpServer((request, response) => {
    const to = new URL(request.url ?? '/', 'http://x').searchParams.get('to');
    if (to === null) response.end('the public host');
    // As bytes: a header may hold what Node would not write by itself.
    else response.writeHead(302, { location: Buffer.from(to).toString('latin1') }).end();
  }, PUBLIC);
  // A rebinding name needs one port at both addresses.
  const parts = { allow: readAllowList(PUBLIC), resolve: dns.resolve, log };
  fetcher = createFetcher({ ...parts, meter: { count: () => {}, observe: () => {} } });
  poster = createPoster(parts);
});

afterAll(async () => {
  await Promise.all([fetcher.close(), poster.close()]);
  for (const each of [dns, trap, outside]) await each[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
  const counts = [...tried].map(([what, count]) => `${what} ${count}`).join(', ');
  console.log(`addresses tried at every door: ${[...tried.values()].reduce((sum, n) => sum + n, 0)} (${counts})`);
});

type Outcome = { readonly said: 'let in' } | { readonly said: 'refused'; readonly fault: Fault };

/** The doors: what becomes of an address at each. */
const DOORS: Readonly<Record<string, (url: string) => Promise<unknown>>> = {
  frame: (url) => fetcher.fetch(url, { bytes: 1_000, ms: 5_000, trust: 'public' }, signal),
  webhook: (url) => poster.post(url, { headers: {}, body: '{}' }, 5_000, signal),
  async result(url) {
    const got = await fetcher.download(
      url,
      join(folder, 'result.mp4'),
      { bytes: 1_000, ms: 5_000, trust: 'public' },
      signal,
    );
    if (got.kind !== 'file') throw got.cause;
  },
  'redirect of a frame': (url) => DOORS['frame']?.(redirecting(url)) ?? Promise.resolve(),
  'redirect of a result': (url) => DOORS['result']?.(redirecting(url)) ?? Promise.resolve(),
  async 'redirect of a webhook'(url) {
    const { status } = await poster.post(redirecting(url), { headers: {}, body: '{}' }, 5_000, signal);
    // Not followed at all: the worker counts it as a failure.
    if (status === 302) throw new Fault('url_not_allowed', 'A redirect is not followed.');
  },
};

const redirecting = (url: string) => `http://${PUBLIC}:${outside.port}/?to=${encodeURIComponent(url)}`;

async function tryDoor(door: string, url: string): Promise<Outcome> {
  tried.set(door, (tried.get(door) ?? 0) + 1);
  try {
    await DOORS[door]?.(url);
    return { said: 'let in' };
  } catch (fault) {
    expect(fault, url).toBeInstanceOf(Fault);
    return { said: 'refused', fault: fault as Fault };
  }
}

async function refusedAt(door: string, url: string): Promise<Fault> {
  const seen = trap.seen.length;
  const outcome = await tryDoor(door, url);
  expect(outcome.said, `${door}: ${url}`).toBe('refused');
  expect(trap.seen.length, `${door}: ${url} reached the inside`).toBe(seen);
  if (outcome.said === 'let in') throw new Error('unreachable');
  const { fault } = outcome;
  // Nothing of our network is told, and nothing that was written there.
  expect(fault.message).not.toMatch(/127\.|10\.0|169\.254|inside|ECONN|ENOTFOUND|::/);
  return fault;
}

describe.each(Object.keys(DOORS))('at the door of a %s', (door) => {
  it('the public host is let in, so that what follows means something', async () => {
    const outcome = await tryDoor(door, `http://public.example.com:${outside.port}/`);
    expect(outcome.said).toBe(door === 'redirect of a webhook' ? 'refused' : 'let in');
    expect(readdirSync(folder)).toEqual(door.endsWith('result') ? ['result.mp4'] : []);
    rmSync(join(folder, 'result.mp4'), { force: true });
  });

  it.each(Object.entries(LITERALS))('literals: %s', async (_line, urls) => {
    // Without its slashes it is a path when it stands in a Location, and stays at the host that sent it.
    const absolute = urls.filter((url) => !door.startsWith('redirect') || !/^http:\/?\w/.test(url));
    for (const url of absolute) {
      const fault = await refusedAt(door, url.replace('PORT', String(trap.port)));
      expect(['url_not_allowed', 'image_unreachable'], url).toContain(fault.code);
    }
  });

  it.each(Object.entries(NAMES))('names: %s', async (_line, names) => {
    const messages = new Set<string>();
    for (const name of Object.keys(names)) {
      const fault = await refusedAt(door, `http://${name}:${trap.port}/`);
      messages.add(`${fault.code} ${fault.message}`);
    }
    // Private, mixed, and without an address: one answer, so that nobody can map what is inside.
    expect(messages.size).toBe(1);
  });
});

describe('a name server that changes its mind', () => {
  it.each(['frame', 'webhook', 'result'])('%s: is connected where it was checked, and checked again', async (door) => {
    // The port of the public host is free at the inside address, and somebody waits there.
    await using waiting = await httpServer((_request, response) => response.end('inside'), INSIDE, outside.port);
    const url = `http://${door}.rebinding.example.com:${outside.port}/`;
    expect((await tryDoor(door, url)).said).toBe('let in');
    expect((await tryDoor(door, url)).said).toBe('refused');
    expect((await tryDoor(door, url)).said).toBe('refused');
    expect(waiting.seen).toEqual([]);
    expect(dns.asked).toContain(`${door}.rebinding.example.com A`);
    expect(dns.asked).toContain(`${door}.rebinding.example.com AAAA`);
  });
});
