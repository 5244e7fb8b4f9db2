import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { KEY, makeScratch, runInbetween, startServer } from '../support/server-process.ts';

describe('inbetween conformance', () => {
  it('passes our own server in everything', async () => {
    await using scratch = makeScratch();
    await using server = await startServer(scratch);
    const run = await runInbetween(['conformance', '--url', server.url, '--json'], {
      env: { INBETWEEN_API_KEY: KEY },
      limitMs: 300_000,
    });
    const results = JSON.parse(run.out) as readonly { name: string; passed: boolean; reason: string | null }[];
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
    expect(results.length).toBeGreaterThan(30);
    expect(run.code).toBe(0);
  });

  it('tells what a server does otherwise, and ends with 1', async () => {
    const video = { id: 'task_1', task_id: 'task_1', object: 'video', model: 'wan2.2-kf2v-flash', progress: 0 };
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ ...video, status: 'in_progress', created_at: Math.floor(Date.now() / 1000) }));
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const run = await runInbetween(['conformance', '--url', url, '--key', 'k', '--level', 'seed', '--patience', '5']);
      expect(run.code).toBe(1);
      expect(run.out).toMatch(/^FAIL {2}seed {2}no key is 401\n {12}no key: 200 instead of 401/m);
      expect(run.out).toMatch(/status is "in_progress", none of pending, queued/);
      expect(run.out).toMatch(/0 of 20 passed/);
    } finally {
      server.close();
    }
  });
});
