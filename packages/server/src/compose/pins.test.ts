import { expect, it } from 'vitest';
import { parseFile } from '../config/parse-file.ts';
import { readConfig } from '../config/read-config.ts';
import type { Attempt, Json } from '../domain/attempt.ts';
import { checkPins, UnlistedBackend } from './pins.ts';

const generationOf = (text: string) =>
  readConfig({ flags: {}, env: { KEY_A: 'a', KEY_B: 'b' }, file: parseFile('in.yaml', text) }).generation;

const attempt = (backend: string, operation: Json): Attempt => ({
  id: 'video_a.1',
  number: 1,
  backend,
  state: operation === null ? 'submitting' : 'open',
  operation,
  startedAt: 0,
  fraction: 0,
  progressedAt: 0,
  drain: null,
});
const pinned = (instance: string): Json => ({ instance, attempt: 'video_a.1', startedAt: 0, peer: { task: 't' } });
const cloud = (credential: string, more = '') =>
  `backends: {cloud: {kind: dashscope, url: 'https://x.example', credential: ${credential}${more}}}`;

it('what is listed may start', () => {
  const open = [attempt('renderer', null), attempt('cloud', pinned('x.example KEY_A')), attempt('cloud', null)];
  expect(() => checkPins(open, generationOf(cloud('KEY_A')))).not.toThrow();
  expect(() => checkPins(open, generationOf(cloud('KEY_A', ', state: draining')))).not.toThrow();
  expect(() => checkPins([], generationOf(''.padEnd(0) || 'port: 1'))).not.toThrow();
});

it('a backend that is gone is told, with what to do', () => {
  const check = () =>
    checkPins([attempt('cloud', pinned('x.example KEY_A')), attempt('gpu', null)], generationOf('port: 1'));
  expect(check).toThrow(UnlistedBackend);
  expect(check).toThrow(/cloud \(x\.example KEY_A\): 1 video[\s\S]*gpu: 1 video[\s\S]*state: draining/);
});

it('so is a credential that was exchanged: another key cannot ask for the operation', () => {
  expect(() => checkPins([attempt('cloud', pinned('x.example KEY_A'))], generationOf(cloud('KEY_B')))).toThrow(/KEY_A/);
});
