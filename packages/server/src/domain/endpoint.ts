import type { EventType } from './event.ts';
import type { ApiKeyId, EndpointId, OwnerId } from './id.ts';

/** What a webhook can tell of. Progress is for those who wait (SSE), not for a POST to somebody's server. */
export const WEBHOOK_EVENTS = [
  'video.pending',
  'video.queued',
  'video.running',
  'video.succeeded',
  'video.failed',
  'video.cancelled',
  'video.expired',
  'video.deleted',
  'video.late_result',
] as const satisfies readonly EventType[];
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

/** How it ended: what an endpoint hears of unless it asked for more, and all that a `callback_url` is told. */
export const FINAL_EVENTS: readonly WebhookEvent[] = ['video.succeeded', 'video.failed', 'video.cancelled'];

/** A secret that deliveries are signed with: `whsec_` and base64. While two are valid, a delivery carries two signatures. */
export interface EndpointSecret {
  readonly secret: string;
  /** When it stops being used; null: it is the current one. */
  readonly until: number | null;
}

/**
 * Where an owner wants to be told. `registered`: one address for many videos. `callback`: the owner's one record behind
 * every `callback_url`; its address is in each delivery, its secret signs them all.
 */
export interface Endpoint {
  readonly id: EndpointId;
  readonly owner: OwnerId;
  readonly kind: 'registered' | 'callback';
  /** Null for `callback`. */
  readonly url: string | null;
  readonly description: string;
  readonly events: readonly WebhookEvent[];
  /** Only videos that this key made; null: all of the owner's. */
  readonly apiKey: ApiKeyId | null;
  /** The current one first. */
  readonly secrets: readonly EndpointSecret[];
  readonly createdAt: number;
  /** Nothing is sent any more, and nothing new is kept for it. */
  readonly disabledAt: number | null;
  /** Why, in words; null while it is enabled or when its owner disabled it. */
  readonly disabledReason: string | null;
}

/** The secrets that sign now. */
export function signingSecrets({ secrets }: Endpoint, now: number): readonly string[] {
  return secrets.filter(({ until }) => until === null || until > now).map(({ secret }) => secret);
}

/** A new secret signs from now on; the old one signs along until its receivers have changed over. */
export function rotate(endpoint: Endpoint, fresh: string, now: number, overlapMs: number): Endpoint {
  const [current] = endpoint.secrets;
  const kept = current === undefined || overlapMs === 0 ? [] : [{ secret: current.secret, until: now + overlapMs }];
  return { ...endpoint, secrets: [{ secret: fresh, until: null }, ...kept] };
}

/** Whether an endpoint wants to hear of an event of a video that this key made. */
export function hears(endpoint: Endpoint, type: EventType, apiKey: ApiKeyId | null): boolean {
  if (endpoint.disabledAt !== null || endpoint.kind === 'callback') return false;
  if (endpoint.apiKey !== null && endpoint.apiKey !== apiKey) return false;
  return (endpoint.events as readonly EventType[]).includes(type);
}
