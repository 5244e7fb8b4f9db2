import type { Delivery } from '../domain/delivery.ts';
import type { Endpoint } from '../domain/endpoint.ts';
import type { DeliveryId, EndpointId, OwnerId, VideoId } from '../domain/id.ts';
import type { Slice } from './slice.ts';

export interface DeliveryWish {
  readonly now: number;
  readonly limit: number;
  /** At most this many of one endpoint, so that one that never answers does not hold everything up. */
  readonly perEndpoint: number;
  /** When a claimed delivery is due again, should its sender be lost. */
  readonly until: number;
}

export interface DeliveryPage {
  readonly limit: number;
  /** Continue behind this delivery. An unknown id gives an empty page. */
  readonly after?: DeliveryId | undefined;
  readonly endpoint?: EndpointId | undefined;
  readonly video?: VideoId | undefined;
  readonly state?: Delivery['state'] | undefined;
}

/**
 * Endpoints and what they are owed. Deliveries are made by the video store, in the transaction that writes their event:
 * one for each endpoint that hears of it, and none twice. They go with their video's row, or with their endpoint.
 */
export interface WebhookStore {
  addEndpoint(endpoint: Endpoint): Promise<void>;
  /** The owner's record behind `callback_url`: `fresh`, unless there is one. */
  ensureCallback(fresh: Endpoint): Promise<Endpoint>;
  /** Without an owner: for the sender. */
  endpoint(id: EndpointId, owner?: OwnerId): Promise<Endpoint | undefined>;
  /** By creation. */
  endpoints(owner: OwnerId): Promise<readonly Endpoint[]>;
  /** Writes only if nobody changed it since `previous` was read; false: somebody did, or it is gone. */
  swapEndpoint(previous: Endpoint, next: Endpoint): Promise<boolean>;
  /** Idempotent; what it was owed goes with it. */
  removeEndpoint(id: EndpointId, owner: OwnerId): Promise<boolean>;
  /** Takes due deliveries, oldest due first; nobody else gets them before `until`. */
  claim(wish: DeliveryWish): Promise<readonly Delivery[]>;
  /** Writes only if the delivery still is as it was read: same state, same due time. */
  swap(previous: Delivery, next: Delivery): Promise<boolean>;
  /** When the next delivery that is not due by `after` becomes due. */
  nextDue(after: number): Promise<number | undefined>;
  find(id: DeliveryId, owner: OwnerId): Promise<Delivery | undefined>;
  /** Newest first. */
  list(owner: OwnerId, page: DeliveryPage): Promise<Slice<Delivery>>;
  /** Whether anything that was made at this time or later has been delivered to it. */
  deliveredSince(endpoint: EndpointId, at: number): Promise<boolean>;
}
