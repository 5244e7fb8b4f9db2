import sharp from 'sharp';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { smallPair } from '../../../../../test/support/engines/stage.ts';
import { type FakeChat, startFakeChat } from '../../../../../test/support/fakes/chat/server.ts';
import { createQuietLog } from '../../../../../test/support/fakes.ts';
import { systemClock } from '../system/clock.ts';
import { type ChatWriterOptions, createChatWriter } from './chat-writer.ts';

let chat: FakeChat;
const { signal } = new AbortController();

beforeEach(async () => {
  chat = await startFakeChat();
});

afterEach(() => chat.kill());

async function extend(prompt: string, options: Partial<ChatWriterOptions> = {}) {
  const [first, last] = await smallPair();
  const log = createQuietLog();
  const writer = createChatWriter({
    url: `${chat.url}/v1`,
    model: 'qwen3-vl',
    headers: { authorization: 'Bearer sk-chat' },
    timeoutMs: 5_000,
    clock: systemClock,
    log,
    ...options,
  });
  return { prompt: await writer.extend(prompt, { first, last }, signal), log };
}

it('shows both frames, small, with our own instruction, and takes the answer', async () => {
  const { prompt } = await extend('a kitten looks up');
  expect(prompt).toBe('a kitten looks up, in soft light, the camera rising slowly');
  const [ask] = chat.asks;
  expect(ask).toMatchObject({ model: 'qwen3-vl', text: 'Prompt: a kitten looks up', authorization: 'Bearer sk-chat' });
  expect(ask?.system).toMatch(/first and the last frame/);
  expect(ask?.pictures).toHaveLength(2);
  const sizes = await Promise.all(
    (ask?.pictures ?? []).map(async (url) => sharp(Buffer.from(url.split(',')[1] ?? '', 'base64')).metadata()),
  );
  for (const size of sizes) expect(size).toMatchObject({ format: 'jpeg' });
  expect(chat.asks[0]?.pictures[0]).not.toBe(chat.asks[0]?.pictures[1]);
});

it('asks for a description when there is no prompt', async () => {
  await extend('');
  expect(chat.asks[0]?.text).toMatch(/no prompt/);
});

it.each([
  ['in quotation marks', '"A cat walks."', 'A cat walks.'],
  ['after thinking aloud', '<think>hm\n\nso</think>\n A cat\nwalks.', 'A cat walks.'],
  ['longer than a prompt may be', '猫'.repeat(900), '猫'.repeat(800)],
])('reads an answer %s', async (_, said, read) => {
  chat.says = () => said;
  expect((await extend('x')).prompt).toBe(read);
});

it.each([
  ['empty', () => (chat.says = () => '  ')],
  ['no text', () => (chat.says = () => [{ type: 'refusal' }])],
  ['an error', () => chat.http.faults.add('POST', { kind: 'status', status: 500 })],
  ['no JSON', () => chat.http.faults.add('POST', { kind: 'gibberish' })],
  ['broken off', () => chat.http.faults.add('POST', { kind: 'cut-body', share: 0.5 })],
  ['a redirect', () => chat.http.faults.add('POST', { kind: 'status', status: 307 })],
])('keeps the original when the answer is %s', async (_, arrange) => {
  arrange();
  const { prompt, log } = await extend('a kitten looks up');
  expect(prompt).toBeUndefined();
  expect(log.of('warn')).toHaveLength(1);
});

it('keeps the original when there is no answer in time', async () => {
  chat.http.faults.add('POST', { kind: 'silence' });
  expect((await extend('x', { timeoutMs: 50 })).prompt).toBeUndefined();
});

it('ends at once when it is aborted', async () => {
  chat.http.faults.add('POST', { kind: 'silence' });
  const [first, last] = await smallPair();
  const abort = new AbortController();
  const writer = createChatWriter({
    url: `${chat.url}/v1`,
    model: 'm',
    headers: {},
    timeoutMs: 60_000,
    clock: systemClock,
    log: createQuietLog(),
  });
  const running = writer.extend('x', { first, last }, abort.signal);
  setTimeout(() => abort.abort(new Error('cancelled')), 20);
  await expect(running).rejects.toThrow('cancelled');
});
