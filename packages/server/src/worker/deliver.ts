import { afterTry, type Delivery, giveUpDelivery, type TryOutcome, webhookId } from '../domain/delivery.ts';
import { type Endpoint, signingSecrets } from '../domain/endpoint.ts';
import type { EventType } from '../domain/event.ts';
import { asFault } from '../domain/fault.ts';
import type { Video } from '../domain/video.ts';
import type { Ids } from '../ports/ids.ts';
import type { Poster } from '../ports/poster.ts';
import type { VideoStore } from '../ports/store.ts';
import type { WebhookStore } from '../ports/webhooks.ts';
import { createLane, type LaneParts, type Work } from './lane.ts';
import type { Part } from './part.ts';
import { signedHeaders } from './webhook-signature.ts';

/** The body of a webhook, before it is turned into text. */
export type Present = (video: Video, type: EventType, happenedAt: number) => object;

export interface SendParts {
  readonly poster: Poster;
  readonly clock: LaneParts['clock'];
  readonly ids: Pick<Ids, 'fraction'>;
}

export interface DeliverParts extends SendParts, LaneParts {
  readonly webhooks: WebhookStore;
  readonly videos: Pick<VideoStore, 'find'>;
  readonly present: Present;
}

const IDLE_MS = 2_000;
const CONCURRENCY = 32;
const PER_ENDPOINT = 4;
/** How long an endpoint may take to answer; the specification advises 15 to 30 s. */
export const ANSWER_MS = 20_000;
/** A sender that was lost is replaced after this; longer than any try can take. */
const LOST_AFTER_MS = 60_000;

/** Lane `deliver`: sends what endpoints are owed, signed, until they say yes or three days have passed. */
export function createDeliverLane(parts: DeliverParts): Part {
  const { clock, webhooks } = parts;
  return createLane(
    {
      name: 'deliver',
      topic: 'deliver',
      concurrency: CONCURRENCY,
      idleMs: IDLE_MS,
      async claim(free) {
        const now = clock.now();
        const wish = { now, limit: free, perEndpoint: PER_ENDPOINT, until: now + LOST_AFTER_MS };
        const claimed = await webhooks.claim(wish);
        return claimed.map(
          (delivery): Work =>
            (signal) =>
              deliverOne(parts, delivery, signal),
        );
      },
      nextDue: (after) => webhooks.nextDue(after),
    },
    parts,
  );
}

async function deliverOne(parts: DeliverParts, delivery: Delivery, signal: AbortSignal): Promise<void> {
  const { webhooks, videos, clock, ids, meter } = parts;
  const [endpoint, video] = await Promise.all([webhooks.endpoint(delivery.endpoint), videos.find(delivery.video)]);
  // Either is gone, and the delivery with it.
  if (endpoint === undefined || video === undefined) return;
  if (endpoint.disabledAt !== null) {
    await webhooks.swap(delivery, giveUpDelivery(delivery));
    return;
  }
  const at = clock.now();
  const body = JSON.stringify(parts.present(video, delivery.type, delivery.happenedAt));
  const outcome = await send(parts, endpoint, delivery.url, webhookId(delivery), body, signal);
  // Cut off by a shutdown: nothing is known, so nothing is counted, and it is due again soon.
  if (outcome === undefined) {
    await webhooks.swap(delivery, { ...delivery, dueAt: clock.now() });
    return;
  }
  const next = afterTry(delivery, outcome, { at, ms: clock.now() - at }, ids.fraction());
  meter.count('inbetween_webhook_tries_total', { outcome: next.state === 'delivered' ? 'delivered' : 'failed' });
  if (!(await webhooks.swap(delivery, next))) return;
  if (next.state === 'failed') await disableIfDead(parts, endpoint, next, outcome);
}

/**
 * Sends one body to one address, signed by the endpoint's secrets.
 *
 * @returns undefined when `signal` ended it
 */
export async function send(
  { poster, clock }: SendParts,
  endpoint: Endpoint,
  url: string,
  id: string,
  body: string,
  signal: AbortSignal,
): Promise<TryOutcome | undefined> {
  const now = clock.now();
  const headers = {
    'content-type': 'application/json',
    ...signedHeaders(id, Math.floor(now / 1000), body, signingSecrets(endpoint, now)),
  };
  try {
    const { status, retryAfterMs } = await poster.post(url, { headers, body }, ANSWER_MS, signal);
    return { status, retryAfterMs, problem: problemOf(status) };
  } catch (error) {
    if (signal.aborted) return undefined;
    return { status: null, problem: asFault(error).message };
  }
}

function problemOf(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400) return `The address answered with status ${status}; redirects are not followed.`;
  return `The address answered with status ${status}.`;
}

/**
 * 410 says "never again". After three days of trying, an endpoint that took nothing in all that time is given up too; a
 * `callback` record is not, because it stands for many addresses.
 */
async function disableIfDead(
  { webhooks, clock, log }: DeliverParts,
  endpoint: Endpoint,
  failed: Delivery,
  { status }: TryOutcome,
): Promise<void> {
  if (endpoint.kind === 'callback') return;
  if (status !== 410 && (await webhooks.deliveredSince(endpoint.id, failed.createdAt))) return;
  const disabledReason =
    status === 410
      ? 'The address answered 410 Gone.'
      : 'Nothing could be delivered for three days. Enable it again when the address answers.';
  const disabled = await webhooks.swapEndpoint(endpoint, { ...endpoint, disabledAt: clock.now(), disabledReason });
  if (disabled) log.warn({ endpoint: endpoint.id, owner: endpoint.owner, status }, 'disabled a webhook endpoint');
}
