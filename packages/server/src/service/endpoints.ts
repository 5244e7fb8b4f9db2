import type { Caller } from '../domain/api-key.ts';
import { type Delivery, replay } from '../domain/delivery.ts';
import { type Endpoint, FINAL_EVENTS, rotate, WEBHOOK_EVENTS, type WebhookEvent } from '../domain/endpoint.ts';
import { Fault } from '../domain/fault.ts';
import { type ApiKeyId, type OwnerId, readDeliveryId, readEndpointId } from '../domain/id.ts';
import type { Bell } from '../ports/bell.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import type { Poster } from '../ports/poster.ts';
import type { Slice } from '../ports/slice.ts';
import type { DeliveryPage, WebhookStore } from '../ports/webhooks.ts';

export const ENDPOINT_LIMITS = {
  perOwner: 100,
  urlLength: 2_000,
  descriptionLength: 256,
  /** How long the old secret signs along after a rotation, at most. */
  overlapMs: 7 * 24 * 3_600_000,
} as const;

/** An endpoint as a caller asked for it. */
export interface EndpointAsk {
  readonly url: string;
  readonly events?: readonly string[] | undefined;
  readonly description?: string | undefined;
  /** Only videos of the asking key. */
  readonly onlyThisKey?: boolean | undefined;
}

/** What is absent stays as it is. */
export interface EndpointChange extends Pick<EndpointAsk, 'events' | 'description'> {
  readonly url?: string | undefined;
  readonly enabled?: boolean | undefined;
}

/** How a test send went. */
export interface TestOutcome {
  readonly status: number | null;
  readonly problem: string | null;
  readonly ms: number;
}

/** Webhooks, as a caller manages them: an owner's endpoints and what they were sent. */
export interface Endpoints {
  /** The only answer that carries the secret, beside those of `rotate`. */
  create(caller: Caller, ask: EndpointAsk): Promise<Endpoint>;
  list(caller: Caller): Promise<readonly Endpoint[]>;
  find(caller: Caller, id: string): Promise<Endpoint>;
  change(caller: Caller, id: string, change: EndpointChange): Promise<Endpoint>;
  delete(caller: Caller, id: string): Promise<void>;
  /** A new secret; the old one signs along for `overlapMs`. */
  rotate(caller: Caller, id: string, overlapMs: number): Promise<Endpoint>;
  /** Sends one signed `webhook.test` now and tells how it went. */
  test(caller: Caller, id: string, signal: AbortSignal): Promise<TestOutcome>;
  deliveries(caller: Caller, id: string, page: DeliveryPage): Promise<Slice<Delivery>>;
  /** Sends a finished delivery again, with all tries ahead of it. */
  replay(caller: Caller, id: string): Promise<Delivery>;
  /** Checks a `callback_url`. @throws Fault `url_not_allowed` */
  checkCallback(url: string): void;
  /** Checks a `callback_url` and makes sure that there is a secret to sign for it. */
  acceptCallback(owner: OwnerId, url: string): Promise<void>;
}

export interface EndpointsParts {
  readonly store: WebhookStore;
  readonly poster: Poster;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'endpoint' | 'webhookSecret' | 'video' | 'fraction'>;
  readonly bell: Bell;
  /** Signs and sends one test body. */
  sendTest(endpoint: Endpoint, url: string, signal: AbortSignal): Promise<TestOutcome>;
  /** The operator's own secret for callbacks of this owner, if there is one. */
  callbackSecret(owner: OwnerId): string | undefined;
}

const CHANGE_TRIES = 5;

export function createEndpoints(parts: EndpointsParts): Endpoints {
  const { store, poster, clock, ids, bell } = parts;
  /** Owners whose record is known to be there: a create asks the store once in this process's life. */
  const haveCallback = new Set<OwnerId>();

  async function find({ owner }: Caller, id: string): Promise<Endpoint> {
    const known = readEndpointId(id);
    const endpoint = known === undefined ? undefined : await store.endpoint(known, owner);
    if (endpoint === undefined) throw notThere('webhook endpoint', id);
    return endpoint;
  }

  async function change(caller: Caller, id: string, next: (endpoint: Endpoint) => Endpoint): Promise<Endpoint> {
    for (let tries = 0; tries < CHANGE_TRIES; tries += 1) {
      const endpoint = await find(caller, id);
      const changed = next(endpoint);
      if (await store.swapEndpoint(endpoint, changed)) return changed;
    }
    throw new Fault('overloaded', 'The endpoint changes too quickly to be changed. Try again.', {
      retryAfterMs: 1_000,
    });
  }

  function checkUrl(url: string, param: string): string {
    if (url.length > ENDPOINT_LIMITS.urlLength) {
      throw new Fault('invalid_request', `${param} has more than ${ENDPOINT_LIMITS.urlLength} characters.`, { param });
    }
    try {
      poster.check(url);
    } catch (error) {
      if (error instanceof Fault) throw new Fault(error.code, `${param}: ${error.message}`, { param, cause: error });
      throw error;
    }
    return url;
  }

  function blank(owner: OwnerId, secret: string): Endpoint {
    return {
      id: ids.endpoint(),
      owner,
      kind: 'callback',
      url: null,
      description: 'Signs every callback_url of this project.',
      events: FINAL_EVENTS,
      apiKey: null,
      secrets: [{ secret, until: null }],
      createdAt: clock.now(),
      disabledAt: null,
      disabledReason: null,
    };
  }

  return {
    async create(caller, ask) {
      const { owner } = caller;
      const known = await store.endpoints(owner);
      if (known.length >= ENDPOINT_LIMITS.perOwner) {
        throw new Fault(
          'limit_reached',
          `This project has ${known.length} webhook endpoints; at most ${ENDPOINT_LIMITS.perOwner} are allowed. Delete one first.`,
        );
      }
      const endpoint: Endpoint = {
        ...blank(owner, ids.webhookSecret()),
        kind: 'registered',
        url: checkUrl(ask.url, 'url'),
        description: checkDescription(ask.description ?? ''),
        events: checkEvents(ask.events ?? FINAL_EVENTS),
        apiKey: ask.onlyThisKey === true ? keyOf(caller) : null,
      };
      await store.addEndpoint(endpoint);
      return endpoint;
    },
    list: ({ owner }) => store.endpoints(owner),
    find,
    change: (caller, id, { url, events, description, enabled }) =>
      change(caller, id, (endpoint) => {
        if (url !== undefined && endpoint.kind === 'callback') {
          throw new Fault('invalid_request', 'url: the callback endpoint has no address of its own.', { param: 'url' });
        }
        return {
          ...endpoint,
          ...(url === undefined ? {} : { url: checkUrl(url, 'url') }),
          ...(events === undefined ? {} : { events: checkEvents(events) }),
          ...(description === undefined ? {} : { description: checkDescription(description) }),
          ...(enabled === undefined
            ? {}
            : { disabledAt: enabled ? null : (endpoint.disabledAt ?? clock.now()), disabledReason: null }),
        };
      }),
    async delete(caller, id) {
      const endpoint = await find(caller, id);
      if (endpoint.kind === 'callback') {
        throw new Fault(
          'invalid_request',
          'The callback endpoint signs every callback_url. Disable it instead of deleting it.',
        );
      }
      if (!(await store.removeEndpoint(endpoint.id, caller.owner))) throw notThere('webhook endpoint', id);
    },
    async rotate(caller, id, overlapMs) {
      const fresh = ids.webhookSecret();
      return change(caller, id, (endpoint) => rotate(endpoint, fresh, clock.now(), overlapMs));
    },
    async test(caller, id, signal) {
      const endpoint = await find(caller, id);
      if (endpoint.url === null) {
        throw new Fault(
          'invalid_request',
          'The callback endpoint has no address of its own, so nothing can be sent to it.',
        );
      }
      return parts.sendTest(endpoint, endpoint.url, signal);
    },
    async deliveries(caller, id, page) {
      const endpoint = await find(caller, id);
      return store.list(caller.owner, { ...page, endpoint: endpoint.id });
    },
    async replay({ owner }, id) {
      const known = readDeliveryId(id);
      for (let tries = 0; tries < CHANGE_TRIES; tries += 1) {
        const delivery = known === undefined ? undefined : await store.find(known, owner);
        if (delivery === undefined) throw notThere('delivery', id);
        if (delivery.state === 'waiting') return delivery;
        const endpoint = await store.endpoint(delivery.endpoint, owner);
        if (endpoint?.disabledAt !== null) {
          throw new Fault('endpoint_disabled', 'The webhook endpoint is disabled. Enable it, then replay.');
        }
        const again = replay(delivery, clock.now());
        if (!(await store.swap(delivery, again))) continue;
        bell.ring('deliver');
        return again;
      }
      throw new Fault('overloaded', 'The delivery changes too quickly to be replayed. Try again.', {
        retryAfterMs: 1_000,
      });
    },
    checkCallback: (url) => void checkUrl(url, 'callback_url'),
    async acceptCallback(owner, url) {
      checkUrl(url, 'callback_url');
      if (haveCallback.has(owner)) return;
      await store.ensureCallback(blank(owner, parts.callbackSecret(owner) ?? ids.webhookSecret()));
      haveCallback.add(owner);
    },
  };
}

function keyOf({ apiKey }: Caller): ApiKeyId {
  if (apiKey !== null) return apiKey;
  throw new Fault('invalid_request', 'only_this_key: the key from the environment cannot be told from others.', {
    param: 'only_this_key',
  });
}

function checkEvents(asked: readonly string[]): readonly WebhookEvent[] {
  const events = WEBHOOK_EVENTS.filter((event) => asked.includes(event));
  const unknown = asked.find((event) => !(WEBHOOK_EVENTS as readonly string[]).includes(event));
  if (unknown !== undefined || events.length === 0) {
    const what = unknown === undefined ? 'events is empty' : `events: there is no event "${unknown.slice(0, 60)}"`;
    throw new Fault('invalid_request', `${what}. Use some of ${WEBHOOK_EVENTS.join(', ')}.`, { param: 'events' });
  }
  return events;
}

function checkDescription(text: string): string {
  if (text.length <= ENDPOINT_LIMITS.descriptionLength && text.isWellFormed() && !text.includes('\u0000')) return text;
  throw new Fault('invalid_request', `description must have at most ${ENDPOINT_LIMITS.descriptionLength} characters.`, {
    param: 'description',
  });
}

function notThere(what: string, id: string): Fault {
  return new Fault('not_found', `There is no ${what} "${id.slice(0, 100)}".`, { param: 'id' });
}
