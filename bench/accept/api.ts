/** The API without lanes, and beside it, in the same process and folder, the bare things it is held against. */
import { writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { FastifyInstance } from 'fastify';
import { policyOf } from '../../packages/server/src/compose/policy.ts';
import { type BareStore, listenBare, openBareStore } from './bare.ts';
import { answerOrders } from './helper.ts';
import { leadTo, type Reachable } from './lives.ts';
import { openStage } from './stage.ts';

export type ApiOrder =
  | { readonly do: 'where' }
  | { readonly do: 'lead'; readonly id: string; readonly to: Reachable }
  | { readonly do: 'commitBare'; readonly ms: number }
  | { readonly do: 'serveBare'; readonly text: string }
  /** Microseconds this process has computed so far. */
  | { readonly do: 'cpu' }
  | { readonly do: 'profile'; readonly into?: string };

const [folder = ''] = process.argv.slice(2);
const stage = await openStage(folder, false);
const database = join(folder, 'inbetween.db');
const session = new Session();
session.connect();
const bareApps: FastifyInstance[] = [];
let bareStore: BareStore | undefined;

answerOrders<ApiOrder>(answer, async () => {
  bareStore?.close();
  for (const app of bareApps) await app.close();
  await stage.close();
});

async function answer(order: ApiOrder): Promise<unknown> {
  switch (order.do) {
    case 'where':
      return { port: stage.port, secret: stage.secret, database };
    case 'lead':
      return leadTo(stage.world, policyOf(stage.config), order.id, order.to);
    case 'commitBare':
      bareStore ??= openBareStore(folder, ...rowsOfACreate());
      return bareStore.run(order.ms);
    case 'serveBare': {
      const { app, port } = await listenBare(order.text);
      bareApps.push(app);
      return port;
    }
    case 'cpu': {
      const { user, system } = process.cpuUsage();
      return user + system;
    }
    case 'profile':
      return profile(order.into);
  }
}

/** What a create has stored, so that the bare store is given the same. */
function rowsOfACreate(): [pictures: readonly number[], row: number] {
  const reader = new Database(database, { readonly: true });
  try {
    const pictures = reader
      .prepare('select length(bytes) as bytes from frame_input where video = (select min(video) from frame_input)')
      .all() as { readonly bytes: number }[];
    const row = reader.prepare('select length(body) as bytes from video limit 1').get() as { readonly bytes: number };
    return [pictures.map(({ bytes }) => bytes), row.bytes];
  } finally {
    reader.close();
  }
}

/** Begins a CPU profile, or ends it into a file. */
async function profile(into: string | undefined): Promise<void> {
  if (into === undefined) {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: 200 });
    await session.post('Profiler.start');
    return;
  }
  const { profile: taken } = await session.post('Profiler.stop');
  await session.post('Profiler.disable');
  await writeFile(into, JSON.stringify(taken));
}
