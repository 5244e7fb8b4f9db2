import { afterEach, expect, test } from 'vitest';
import { COUNTERS, TIMERS } from '../../ports/meter.ts';
import { createMeter, type PrometheusMeter } from './meter.ts';

let meter: PrometheusMeter | undefined;
let warnings: object[] = [];

afterEach(() => {
  meter?.close();
  warnings = [];
});

function metered(videosByStatus: () => Promise<Record<string, number>> = async () => ({})): PrometheusMeter {
  const nothing = () => {};
  const log = { debug: nothing, info: nothing, warn: (facts: object) => void warnings.push(facts), error: nothing };
  meter = createMeter({ videosByStatus, log });
  return meter;
}

test('counts, with and without labels', async () => {
  const { count, render } = metered();
  count('inbetween_videos_created_total', { model: 'wan2.2-kf2v-flash' });
  count('inbetween_videos_created_total', { model: 'wan2.2-kf2v-flash' }, 2);
  count('inbetween_stale_writes_total');
  const text = await render();
  expect(text).toContain('inbetween_videos_created_total{model="wan2.2-kf2v-flash"} 3\n');
  expect(text).toContain('inbetween_stale_writes_total 1\n');
});

test('times', async () => {
  const { observe, render } = metered();
  observe('inbetween_attempt_seconds', 7, { backend: 'renderer' });
  const text = await render();
  expect(text).toContain('inbetween_attempt_seconds_bucket{le="10",backend="renderer"} 1\n');
  expect(text).toContain('inbetween_attempt_seconds_bucket{le="5",backend="renderer"} 0\n');
  expect(text).toContain('inbetween_attempt_seconds_sum{backend="renderer"} 7\n');
});

test('every metric is described', async () => {
  const text = await metered().render();
  for (const [name, help] of Object.entries({ ...COUNTERS, ...TIMERS }))
    expect(text).toContain(`# HELP ${name} ${help}`);
});

test('videos by status are asked for at each reading', async () => {
  let queued = 1;
  const { render } = metered(async () => ({ queued, running: 4 }));
  expect(await render()).toContain('inbetween_videos{status="queued"} 1\n');
  queued = 2;
  const text = await render();
  expect(text).toContain('inbetween_videos{status="queued"} 2\n');
  expect(text).toContain('inbetween_videos{status="running"} 4\n');
});

test('a store that is down costs only its own numbers', async () => {
  const { render } = metered(async () => {
    throw new Error('down');
  });
  const text = await render();
  expect(text).not.toContain('inbetween_videos{');
  expect(text).toContain('process_resident_memory_bytes');
  expect(warnings).toHaveLength(1);
});

test('the process: memory, start, delay of the event loop', async () => {
  const { render, contentType } = metered();
  const value = (text: string, name: string) => Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
  const text = await render();
  expect(contentType).toContain('text/plain');
  expect(value(text, 'process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
  expect(value(text, 'process_start_time_seconds')).toBeLessThanOrEqual(Date.now() / 1000);
  for (const kind of ['mean', 'p99', 'max']) {
    const seconds = value(text, `nodejs_eventloop_lag_${kind}_seconds`);
    expect(seconds).toBeGreaterThanOrEqual(0);
    expect(seconds).toBeLessThan(60);
  }
});

test('a label nobody declared is dropped with one warning, and the count still counts', async () => {
  const { count, render } = metered();
  count('inbetween_fetches_total', { outcome: 'ok', url: 'http://x' });
  count('inbetween_fetches_total', { outcome: 'ok', url: 'http://y' });
  expect(await render()).toContain('inbetween_fetches_total{outcome="ok"} 2\n');
  expect(warnings).toEqual([{ metric: 'inbetween_fetches_total', labels: ['url'] }]);
});
