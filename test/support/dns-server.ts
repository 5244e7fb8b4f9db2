import { createSocket, type Socket } from 'node:dgram';
import { promises as dns } from 'node:dns';
import type { AddressInfo } from 'node:net';

/** What a name has: addresses, or a new list at each question. */
export type Zone = Readonly<Record<string, readonly string[] | (() => readonly string[])>>;

/** A name server on loopback that says what a test wants, over the real protocol. */
export interface DnsServer extends AsyncDisposable {
  /** Names asked for, with the type: `a.example.com A`. */
  readonly asked: string[];
  /** Asks this server alone for all addresses of a name, IPv4 and IPv6. */
  resolve(name: string): Promise<readonly string[]>;
}

const TYPES: Readonly<Record<number, 'A' | 'AAAA'>> = { 1: 'A', 28: 'AAAA' };

export async function startDnsServer(zone: Zone): Promise<DnsServer> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (message, peer) => {
    const { name, type, end } = readQuestion(message);
    asked.push(`${name} ${TYPES[type] ?? type}`);
    const entry = zone[name];
    const addresses = typeof entry === 'function' ? entry() : (entry ?? []);
    const records = addresses.filter((address) => address.includes(':') === (type === 28));
    socket.send(reply(message, end, entry === undefined, records), peer.port, peer.address);
  });
  await listening(socket);
  const resolver = new dns.Resolver({ timeout: 2_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${(socket.address() as AddressInfo).port}`]);
  return {
    asked,
    async resolve(name) {
      const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
      const addresses = found.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
      if (addresses.length === 0) throw new Error(`no address of ${name}`);
      return addresses;
    },
    async [Symbol.asyncDispose]() {
      resolver.cancel();
      await new Promise<void>((done) => socket.close(() => done()));
    },
  };
}

function listening(socket: Socket): Promise<void> {
  return new Promise((done, fail) => {
    socket.once('error', fail);
    socket.bind(0, '127.0.0.1', done);
  });
}

function readQuestion(message: Buffer): { readonly name: string; readonly type: number; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: message.readUInt16BE(at + 1), end: at + 5 };
}

/** The question again, and one record for each address, good for no second. */
function reply(message: Buffer, end: number, unknown: boolean, addresses: readonly string[]): Buffer {
  const head = Buffer.from(message.subarray(0, end));
  head.writeUInt16BE(unknown ? 0x8183 : 0x8180, 2);
  head.writeUInt16BE(addresses.length, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, ...addresses.map(record)]);
}

function record(address: string): Buffer {
  const bytes = address.includes(':') ? bytesOfIpv6(address) : Buffer.from(address.split('.').map(Number));
  const fixed = Buffer.alloc(12);
  // A pointer to the question's name.
  fixed.writeUInt16BE(0xc00c, 0);
  fixed.writeUInt16BE(bytes.length === 16 ? 28 : 1, 2);
  fixed.writeUInt16BE(1, 4);
  fixed.writeUInt32BE(0, 6);
  fixed.writeUInt16BE(bytes.length, 10);
  return Buffer.concat([fixed, bytes]);
}

function bytesOfIpv6(address: string): Buffer {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const hex = (high: string | undefined, low: string | undefined) => ((Number(high) << 8) | Number(low)).toString(16);
  const text = dotted === null ? address : `${dotted[1]}${hex(dotted[2], dotted[3])}:${hex(dotted[4], dotted[5])}`;
  const [left = '', right] = text.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const [before, after] = [groups(left), groups(right ?? '')];
  const all =
    right === undefined ? before : [...before, ...Array(8 - before.length - after.length).fill('0'), ...after];
  const bytes = Buffer.alloc(16);
  for (const [index, group] of all.entries()) bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2);
  return bytes;
}
