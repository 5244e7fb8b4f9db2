import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { expect, it } from 'vitest';
import { readAllowList } from '../../packages/server/src/adapters/net/allow-list.ts';
import { createPoster } from '../../packages/server/src/adapters/net/poster.ts';
import { openSqliteStore } from '../../packages/server/src/adapters/stores/sqlite/open.ts';
import { systemClock } from '../../packages/server/src/adapters/system/clock.ts';
import { createIds } from '../../packages/server/src/adapters/system/ids.ts';
import type { Delivery } from '../../packages/server/src/domain/delivery.ts';
import { eventOf } from '../../packages/server/src/domain/event.ts';
import type { OwnerId } from '../../packages/server/src/domain/id.ts';
import { cancel } from '../../packages/server/src/domain/transitions.ts';
import { POLICY, pending } from '../../packages/server/src/ports/store-contract/fixtures.contract.ts';
import { createDeliverLane } from '../../packages/server/src/worker/deliver.ts';
import { createCountingMeter, createFakeBell, createQuietLog } from '../support/fakes.ts';
import { randomFrom } from '../support/kill-loop.ts';

const OWNERS = 10;
const ENDPOINTS_EACH = 100;
const VIDEOS_EACH = 3;
const SEED = Number(process.env['SOAK_SEED'] ?? Date.now() % 1_000_000);
/** Of ten answers: refused, redirected, cut off, taken but the answer lost. The rest is taken. */
const FAILING = 0.4;
const ROUNDS_MAX = 200;

interface Received {
  readonly id: string;
  readonly body: string;
}

it(`1,000 endpoints that fail at random: nothing lost, nothing unsigned, SOAK_SEED=${SEED}`, async () => {
  const random = randomFrom(SEED);
  const ids = createIds(systemClock);
  const secrets = new Map<string, string>();
  const received = new Map<string, Received[]>();
  let unsigned = 0;
  let tries = 0;

  const receiver = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      tries += 1;
      const endpoint = request.url?.slice(1) ?? '';
      const body = Buffer.concat(parts).toString('utf8');
      const headers = Object.fromEntries(
        ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => [name, String(request.headers[name])]),
      );
      try {
        new Webhook(secrets.get(endpoint) ?? '').verify(body, headers);
      } catch {
        unsigned += 1;
      }
      const luck = random();
      if (luck < FAILING / 4) return void response.writeHead(500).end();
      if (luck < FAILING / 2) return void response.writeHead(302, { location: 'http://127.0.0.2/' }).end();
      if (luck < (FAILING * 3) / 4) return void request.socket.destroy();
      received.set(endpoint, [...(received.get(endpoint) ?? []), { id: headers['webhook-id'] ?? '', body }]);
      if (luck < FAILING) return void request.socket.destroy();
      return void response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-webhooks-'));
  const store = await openSqliteStore(join(folder, 'inbetween.db'));
  const log = createQuietLog();
  const poster = createPoster({ allow: readAllowList('127.0.0.1'), log });
  const bell = createFakeBell();
  const openLane = () =>
    createDeliverLane({
      clock: systemClock,
      bell,
      ids,
      log,
      meter: createCountingMeter(),
      poster,
      webhooks: store.webhooks,
      videos: store.videos,
      present: (video, type) => ({ type, data: { id: video.id } }),
    });

  try {
    const owners = Array.from({ length: OWNERS }, (_, n) => `owner-${n}` as OwnerId);
    for (const owner of owners) {
      for (let n = 0; n < ENDPOINTS_EACH; n += 1) {
        const id = ids.endpoint();
        const secret = ids.webhookSecret();
        secrets.set(id, secret);
        await store.webhooks.addEndpoint({
          id,
          owner,
          kind: 'registered',
          url: `http://127.0.0.1:${port}/${id}`,
          description: '',
          events: ['video.cancelled'],
          apiKey: null,
          secrets: [{ secret, until: null }],
          createdAt: Date.now(),
          disabledAt: null,
          disabledReason: null,
        });
      }
    }
    for (const [index, owner] of owners.entries()) {
      for (let n = 1; n <= VIDEOS_EACH; n += 1) {
        const fresh = { ...pending(index * VIDEOS_EACH + n, { owner, at: Date.now() }), owner };
        await store.videos.insert(fresh, {});
        const next = cancel(fresh, Date.now(), POLICY);
        await store.videos.swap(fresh, next, { event: eventOf(fresh, next) });
      }
    }

    const owed = OWNERS * ENDPOINTS_EACH * VIDEOS_EACH;
    let rounds = 0;
    for (let waiting = owed; waiting > 0; rounds += 1) {
      expect(rounds, 'rounds').toBeLessThan(ROUNDS_MAX);
      // Each round is a process of its own that is stopped in the middle; nobody waits for the schedule of three days.
      const lane = openLane();
      await lane.start();
      await systemClock.sleep(500 + random() * 4_000);
      await lane.stop(50);
      waiting = await hurry(owners);
    }
    const got = [...received.values()].flat();
    const duplicates =
      got.length - new Set([...received].flatMap(([to, all]) => all.map(({ id }) => `${to} ${id}`))).size;
    console.log(
      `webhooks: ${owed} owed, ${tries} tries, ${got.length} taken, ${duplicates} duplicates, ${unsigned} unsigned, ${rounds} restarts`,
    );
    expect(unsigned).toBe(0);
    for (const endpoint of secrets.keys()) {
      const taken = received.get(endpoint) ?? [];
      expect(new Set(taken.map(({ id }) => id)).size, endpoint).toBe(VIDEOS_EACH);
      expect(new Set(taken.map(({ body }) => body)).size, endpoint).toBe(VIDEOS_EACH);
    }
  } finally {
    await poster.close();
    await store.close();
    receiver.closeAllConnections();
    await new Promise((resolve) => receiver.close(resolve));
    await rm(folder, { recursive: true, force: true });
  }

  /** Makes everything that waits due now, failed ones again; tells how much is not delivered. */
  async function hurry(owners: readonly OwnerId[]): Promise<number> {
    let left = 0;
    for (const owner of owners) {
      for (const delivery of await undelivered(owner)) {
        left += 1;
        // What has not been tried yet is due already.
        if (delivery.log.length > 0)
          await store.webhooks.swap(delivery, { ...delivery, state: 'waiting', tries: 0, dueAt: Date.now() });
      }
    }
    return left;
  }

  async function undelivered(owner: OwnerId): Promise<readonly Delivery[]> {
    const waiting = await store.webhooks.list(owner, { limit: 1_000, state: 'waiting' });
    const failed = await store.webhooks.list(owner, { limit: 1_000, state: 'failed' });
    return [...waiting.items, ...failed.items];
  }
}, 600_000);
