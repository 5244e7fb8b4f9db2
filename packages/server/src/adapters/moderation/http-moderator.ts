import { z } from 'zod';
import { Fault } from '../../domain/fault.ts';
import type { ByteSource } from '../../ports/artifacts.ts';
import type { Clock } from '../../ports/clock.ts';
import { BLAMABLE, type ModerationAsk, type Moderator, type Verdict } from '../../ports/moderator.ts';
import { readSource } from '../system/byte-source.ts';
import { readShortText } from '../system/read-text.ts';

export interface HttpModeratorOptions {
  /** Where to POST to: the operator's own service, so a private address is right here. */
  readonly url: string;
  /** Sent as `Authorization: Bearer`, so that nobody else can ask there. */
  readonly secret: string | undefined;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly fetch?: typeof fetch;
}

const MAX_ANSWER_BYTES = 64 * 1024;
const REASON_MAX = 500;

const answer = z.looseObject({
  allowed: z.boolean(),
  param: z.enum(BLAMABLE).nullish().catch(undefined),
  reason: z.string().nullish().catch(undefined),
});

/**
 * Asks the operator's service for a verdict: one POST of the words and both frames (docs/moderation.md). Whatever is not
 * a verdict in so many words is none: a door in front that answers 200 with a page must not let everything through.
 */
export function createHttpModerator(options: HttpModeratorOptions): Moderator {
  const { url, secret, timeoutMs, clock, fetch: send = fetch } = options;
  return {
    async judge(ask, signal) {
      const limit = new AbortController();
      const done = new AbortController();
      void clock.sleep(timeoutMs, done.signal).then(() => limit.abort(new Error(`no verdict within ${timeoutMs} ms`)));
      const either = AbortSignal.any([signal, limit.signal]);
      try {
        const response = await send(url, {
          method: 'POST',
          // A redirect would take the frames and the secret to somewhere else.
          redirect: 'error',
          headers: {
            'content-type': 'application/json',
            'user-agent': 'Inbetween-Moderation',
            ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
          },
          body: JSON.stringify(await bodyOf(ask, either)),
          signal: either,
        });
        if (response.status !== 200) {
          await response.body?.cancel();
          throw new Error(`status ${response.status}`);
        }
        return readVerdict(await readShortText(response, MAX_ANSWER_BYTES));
      } catch (error) {
        signal.throwIfAborted();
        throw new Fault('moderation_unavailable', 'The content check of this server gave no verdict.', {
          cause: limit.signal.aborted ? limit.signal.reason : error,
        });
      } finally {
        done.abort();
      }
    },
  };
}

async function bodyOf(ask: ModerationAsk, signal: AbortSignal): Promise<object> {
  const { video, owner, model, prompt, negativePrompt, frames } = ask;
  return {
    type: 'moderation',
    id: video,
    owner,
    model,
    prompt,
    negative_prompt: negativePrompt,
    images: [await dataUrl(frames.first, signal), await dataUrl(frames.last, signal)],
  };
}

async function dataUrl(png: ByteSource, signal: AbortSignal): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of readSource(png, signal)) parts.push(part);
  return `data:image/png;base64,${Buffer.concat(parts).toString('base64')}`;
}

function readVerdict(body: string): Verdict {
  const { allowed, param, reason } = answer.parse(JSON.parse(body));
  if (allowed) return { allowed };
  return { allowed, param: param ?? undefined, reason: (reason ?? '').slice(0, REASON_MAX) };
}
