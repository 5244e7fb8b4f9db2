import { type Endpoint, FINAL_EVENTS, hears } from './endpoint.ts';
import type { EventType, VideoEvent } from './event.ts';
import { type DeliveryId, deliveryId, type EndpointId, type OwnerId, type VideoId } from './id.ts';
import type { Video } from './video.ts';

/** One fact owed to one endpoint. `delivered` and `failed` are final until somebody replays it. */
export interface Delivery {
  readonly id: DeliveryId;
  readonly endpoint: EndpointId;
  readonly owner: OwnerId;
  readonly video: VideoId;
  /** The version of the video that the event belongs to. */
  readonly version: number;
  readonly type: EventType;
  readonly url: string;
  readonly state: 'waiting' | 'delivered' | 'failed';
  /** Tries since it was made or last replayed. */
  readonly tries: number;
  /** The latest tries, oldest first, at most `KEPT_TRIES`. */
  readonly log: readonly DeliveryTry[];
  readonly createdAt: number;
  /** When the event happened. */
  readonly happenedAt: number;
  /** When it is to be sent next; while it is being sent, when it is taken back from a sender that was lost. */
  readonly dueAt: number | null;
}

/** How one try went. */
export interface DeliveryTry {
  readonly at: number;
  readonly ms: number;
  /** Null when there was no answer. */
  readonly status: number | null;
  /** What went wrong, in words that tell nothing of our network; null when delivered. */
  readonly problem: string | null;
}

export const KEPT_TRIES = 20;

/** What a write of a video makes its owner's endpoints owed: nothing, or one delivery each. */
export function owedFor(video: Video, event: VideoEvent, endpoints: readonly Endpoint[]): readonly Delivery[] {
  return endpoints.flatMap((endpoint) => {
    const url = addressFor(video, event.type, endpoint);
    if (url === undefined) return [];
    return {
      id: deliveryId(video.id, video.version, endpoint.id),
      endpoint: endpoint.id,
      owner: video.owner,
      video: video.id,
      version: video.version,
      type: event.type,
      url,
      state: 'waiting' as const,
      tries: 0,
      log: [],
      createdAt: event.at,
      happenedAt: event.at,
      dueAt: event.at,
    };
  });
}

function addressFor(video: Video, type: EventType, endpoint: Endpoint): string | undefined {
  if (endpoint.kind === 'registered')
    return hears(endpoint, type, video.apiKey) ? (endpoint.url ?? undefined) : undefined;
  const isFinal = (FINAL_EVENTS as readonly EventType[]).includes(type);
  return isFinal && endpoint.disabledAt === null ? video.generation.callbackUrl : undefined;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/**
 * How long after each failed try the next one comes: about three days in all, after which the endpoint was told often
 * enough. Source: the schedule of the Standard Webhooks specification 1.0.0.
 */
const WAITS: readonly number[] = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];

/** Up to this share is added to a wait, so that an endpoint that was down is not hit by everything at once. */
const JITTER = 0.2;
/** An endpoint may ask for patience, but not for more than the longest wait. */
const LONGEST_WAIT = 24 * HOUR;

/** What came of one try. */
export interface TryOutcome {
  readonly status: number | null;
  readonly problem: string | null;
  /** What the endpoint asked for in `Retry-After`. */
  readonly retryAfterMs?: number | undefined;
}

/** What the receiver sees as `webhook-id`: the same at each try, and one for each fact. */
export function webhookId({ video, version }: Pick<Delivery, 'video' | 'version'>): string {
  return `${video}:${version}`;
}

/** 2xx is delivered and nothing else: a redirect would move somebody's data to an address nobody registered. */
export function isDelivered(status: number | null): boolean {
  return status !== null && status >= 200 && status < 300;
}

/**
 * After a try: delivered, to be tried again, or given up.
 *
 * @param random 0..1, for the jitter
 */
export function afterTry(
  delivery: Delivery,
  outcome: TryOutcome,
  time: { readonly at: number; readonly ms: number },
  random: number,
): Delivery {
  const { status, problem } = outcome;
  const log = [...delivery.log, { ...time, status, problem }].slice(-KEPT_TRIES);
  const tried = { ...delivery, log, tries: delivery.tries + 1 };
  if (isDelivered(status)) return { ...tried, state: 'delivered', dueAt: null };
  const wait = WAITS[delivery.tries];
  if (wait === undefined || status === 410) return { ...tried, state: 'failed', dueAt: null };
  const asked = Math.min(outcome.retryAfterMs ?? 0, LONGEST_WAIT);
  const waitMs = Math.max(asked, wait * (1 + JITTER * random));
  return { ...tried, dueAt: Math.round(time.at + time.ms + waitMs) };
}

/** The owner wants it sent again: due at once, with all tries ahead of it. */
export function replay(delivery: Delivery, now: number): Delivery {
  return { ...delivery, state: 'waiting', tries: 0, dueAt: now };
}

/** The endpoint wants nothing any more. */
export function giveUpDelivery(delivery: Delivery): Delivery {
  return { ...delivery, state: 'failed', dueAt: null };
}
