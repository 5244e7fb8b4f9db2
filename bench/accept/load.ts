/**
 * The load generator: a process of its own that sends the same bytes over a few keep-alive connections, the next request
 * of each as soon as the answer to the last is there. Plain sockets, so that the machine works for the server.
 */
import { connect } from 'node:net';
import { quantile, round } from './figures.ts';
import { answerOrders } from './helper.ts';

export interface LoadOrder {
  readonly port: number;
  readonly request: Uint8Array;
  readonly connections: number;
  readonly ms: number;
  /** Never to sleep while it waits for answers. */
  readonly awake?: boolean;
}

export interface LoadAnswer {
  readonly answers: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

answerOrders<LoadOrder>(run, async () => {});

async function run({ port, request, connections, ms, awake }: LoadOrder): Promise<LoadAnswer> {
  const times: number[] = [];
  const begun = performance.now();
  const until = begun + ms;
  if (awake === true) stayAwake(until);
  await Promise.all(Array.from({ length: connections }, () => keepAsking(port, request, until, times)));
  const seconds = (performance.now() - begun) / 1000;
  return {
    answers: times.length,
    perSecond: times.length / seconds,
    p50Ms: round(quantile(times, 0.5)),
    p99Ms: round(quantile(times, 0.99)),
  };
}

/**
 * A server that is slower than we are would otherwise find us asleep at each of its answers, and on a virtual machine
 * waking a sleeper costs the writer more than the write: a toll on the slower side alone. It takes a whole core, so it is
 * for comparisons in which both sides are loaded from here.
 */
function stayAwake(until: number): void {
  if (performance.now() < until) setImmediate(stayAwake, until);
}

/** One connection until `until`; any answer but 200 ends the measurement, because it would be of something else. */
function keepAsking(port: number, request: Uint8Array, until: number, times: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    let sentAt = 0;
    let held: Buffer = Buffer.alloc(0);
    const ask = () => {
      sentAt = performance.now();
      socket.write(request);
    };
    socket.once('connect', ask);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the server closed the connection')));
    socket.on('data', (chunk) => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const length = answerLength(held);
      if (length === undefined || held.length < length) return;
      if (held.toString('latin1', 9, 12) !== '200') return void socket.destroy(new Error(held.toString('utf8')));
      held = Buffer.alloc(0);
      times.push(performance.now() - sentAt);
      if (performance.now() < until) return ask();
      socket.removeAllListeners('close').end();
      resolve();
    });
  });
}

/** Of the whole answer, once its headers are there. */
function answerLength(held: Buffer): number | undefined {
  const end = held.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const length = /\r\ncontent-length: (\d+)/i.exec(held.toString('latin1', 0, end))?.[1];
  if (length === undefined) throw new Error('an answer without Content-Length');
  return end + 4 + Number(length);
}
