import { join } from 'node:path';
import Database from 'better-sqlite3';
import Fastify, { type FastifyInstance } from 'fastify';

/** The same bytes as one create, committed as plainly as can be. */
export interface BareStore {
  /** Commits for so long; returns commits a second. */
  run(ms: number): number;
  close(): void;
}

export function openBareStore(folder: string, pictureBytes: readonly number[], rowBytes: number): BareStore {
  const database = new Database(join(folder, 'bare.db'));
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec('create table video (id text not null primary key, body text not null)');
  database.exec(
    'create table frame (video text not null, role text not null, bytes blob not null, primary key (video, role))',
  );
  const insertVideo = database.prepare('insert into video values (?, ?)');
  const insertFrame = database.prepare('insert into frame values (?, ?, ?)');
  const pictures = pictureBytes.map((bytes) => Buffer.alloc(bytes, 0xa5));
  const text = JSON.stringify({ text: 'x'.repeat(Math.max(0, rowBytes - 11)) });
  let made = 0;
  return {
    run(ms) {
      const begun = performance.now();
      const before = made;
      while (performance.now() - begun < ms) {
        made += 1;
        const id = `video_${String(made).padStart(26, '0')}`;
        database.exec('begin immediate');
        insertVideo.run(id, text);
        for (const [n, bytes] of pictures.entries()) insertFrame.run(id, n === 0 ? 'first' : 'last', bytes);
        database.exec('commit');
      }
      return (made - before) / ((performance.now() - begun) / 1000);
    },
    close: () => void database.close(),
  };
}

/** A Fastify that answers one text and does nothing else. */
export async function listenBare(text: string): Promise<{ readonly app: FastifyInstance; readonly port: number }> {
  const app = Fastify();
  app.get('/static', async (_request, reply) => reply.type('application/json; charset=utf-8').send(text));
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  return { app, port: Number(new URL(address).port) };
}
