import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from './until.ts';

/** A load balancer in front of several APIs: each request goes to the next one that says it is ready. It repeats none. */
export interface Balancer extends AsyncDisposable {
  readonly url: string;
  /** Takes it in, and resolves once it gets requests. */
  add(target: string): Promise<void>;
  remove(target: string): void;
  /** Requests that none could be found for, or whose connection broke, in words. */
  readonly broken: readonly string[];
  /** How many requests each target got. */
  readonly sent: ReadonlyMap<string, number>;
}

/** How often `/readyz` is asked, and how long it may take. */
const LOOK_EVERY_MS = 200;
const LOOK_MS = 5_000;

export async function startBalancer(): Promise<Balancer> {
  const agent = new Agent({ keepAlive: true, maxSockets: 200 });
  /** Ready or not, by target. */
  const targets = new Map<string, boolean>();
  const sent = new Map<string, number>();
  const broken: string[] = [];
  const ended = new AbortController();
  let turn = 0;

  async function look(): Promise<void> {
    while (!ended.signal.aborted) {
      await Promise.all(
        [...targets.keys()].map(async (target) => {
          const ready = await fetch(`${target}/readyz`, { signal: AbortSignal.timeout(LOOK_MS) }).then(
            async (answer) => answer.ok && (await answer.text()) !== '',
            () => false,
          );
          if (targets.has(target)) targets.set(target, ready);
        }),
      );
      await pause(LOOK_EVERY_MS);
    }
  }

  function handle(asked: IncomingMessage, answer: ServerResponse): void {
    const ready = [...targets].filter(([, isReady]) => isReady).map(([target]) => target);
    turn += 1;
    const target = ready[turn % ready.length];
    const fail = (why: string) => {
      // A client that left broke it itself.
      if (answer.destroyed) return;
      broken.push(`${asked.method} ${asked.url} at ${target}: ${why}`);
      if (answer.headersSent) answer.destroy();
      else answer.writeHead(502).end();
    };
    if (target === undefined) {
      fail('nobody is ready');
      return;
    }
    sent.set(target, (sent.get(target) ?? 0) + 1);
    const { connection: _, ...headers } = asked.headers;
    const passed = request(new URL(asked.url ?? '/', target), { method: asked.method, headers, agent }, (reply) => {
      const { connection: _own, ...theirs } = reply.headers;
      answer.writeHead(reply.statusCode ?? 502, theirs);
      reply.once('error', (error) => fail(error.message));
      reply.pipe(answer);
    });
    passed.once('error', (error) => fail(error.message));
    answer.once('close', () => passed.destroy());
    asked.pipe(passed);
  }

  const server = createServer(handle);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const looking = look();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    broken,
    sent,
    async add(target) {
      targets.set(target, false);
      await until(`${target} to be ready`, () => targets.get(target));
    },
    remove: (target) => void targets.delete(target),
    async [Symbol.asyncDispose]() {
      ended.abort();
      await looking;
      agent.destroy();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
