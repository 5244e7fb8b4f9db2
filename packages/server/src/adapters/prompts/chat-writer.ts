import sharp from 'sharp';
import { z } from 'zod';
import { codePoints } from '../../domain/generation.ts';
import { LIMITS } from '../../domain/model.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { PromptWriter } from '../../ports/prompt-writer.ts';
import { readShortText } from '../system/read-text.ts';
import { INSTRUCTION } from './instruction.ts';

export interface ChatWriterOptions {
  /** Base of an OpenAI-compatible API, without a slash at its end; `/chat/completions` is appended. */
  readonly url: string;
  readonly model: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly fetch?: typeof fetch;
}

/** Enough for a vision model to see what changes, few enough to be quick. */
const SIDE = 512;
const MAX_ANSWER_BYTES = 256 * 1024;

const answer = z.looseObject({
  choices: z.array(z.looseObject({ message: z.looseObject({ content: z.string() }) })).min(1),
});

/**
 * Rewrites prompts by a chat model that is shown both frames. Whatever goes wrong, an answer that is no prompt included,
 * the caller's own prompt is used: a video must not fail for a nicety.
 */
export function createChatWriter(options: ChatWriterOptions): PromptWriter {
  const { url, model, headers, timeoutMs, clock, log, fetch: send = fetch } = options;
  return {
    async extend(prompt, frames, signal) {
      const limit = new AbortController();
      const done = new AbortController();
      void clock.sleep(timeoutMs, done.signal).then(() => limit.abort(new Error(`no answer within ${timeoutMs} ms`)));
      const either = AbortSignal.any([signal, limit.signal]);
      try {
        const pictures = await Promise.all([shrink(frames.first), shrink(frames.last)]);
        const response = await send(`${url}/chat/completions`, {
          method: 'POST',
          // A redirect would take prompt, pictures and key to somewhere else.
          redirect: 'error',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify({ model, messages: messagesOf(prompt, pictures), temperature: 0.7, max_tokens: 400 }),
          signal: either,
        });
        if (!response.ok) throw new Error(`status ${response.status}`);
        const rewritten = readPrompt(await readShortText(response, MAX_ANSWER_BYTES));
        if (rewritten === undefined) log.warn({ model }, 'the prompt writer gave no prompt; the original is used');
        return rewritten;
      } catch (error) {
        signal.throwIfAborted();
        log.warn({ model, err: error }, 'the prompt writer failed; the original prompt is used');
        return undefined;
      } finally {
        done.abort();
      }
    },
  };
}

function messagesOf(prompt: string, [first, last]: readonly string[]): readonly unknown[] {
  const wish = prompt.trim() === '' ? 'There is no prompt: describe the most natural transition.' : `Prompt: ${prompt}`;
  const picture = (url: string | undefined) => ({ type: 'image_url', image_url: { url } });
  return [
    { role: 'system', content: INSTRUCTION },
    { role: 'user', content: [picture(first), picture(last), { type: 'text', text: wish }] },
  ];
}

async function shrink(png: Uint8Array): Promise<string> {
  const jpeg = await sharp(png)
    .resize({ width: SIDE, height: SIDE, fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: 85 })
    .toBuffer();
  return `data:image/jpeg;base64,${jpeg.toString('base64')}`;
}

/** The text of the answer as one paragraph within our own limit; undefined when there is none. */
function readPrompt(body: string): string | undefined {
  const content = answer.safeParse(JSON.parse(body)).data?.choices[0]?.message.content ?? '';
  // Models that think aloud do so in front of their answer.
  const said = content.replace(/^[\s\S]*<\/think>/, '').trim();
  const text = said
    .replace(/^["“「]([\s\S]*)["”」]$/, '$1')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('\u0000', '')
    .trim();
  if (text === '' || !text.isWellFormed()) return undefined;
  if (codePoints(text) <= LIMITS.promptLength) return text;
  return [...text].slice(0, LIMITS.promptLength).join('');
}
