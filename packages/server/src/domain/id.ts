/** Opaque identifiers. A brand keeps one kind from being passed for another; at run time they are plain strings. */
declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** `video_` and 26 characters; the same id in every dialect. */
export type VideoId = Branded<'VideoId'>;
/** A named project. The embedded default has one, `default`. */
export type OwnerId = Branded<'OwnerId'>;
/** `key_…`: names an API key, never reveals it. */
export type ApiKeyId = Branded<'ApiKeyId'>;
/** `file_` and 26 characters: an uploaded picture. */
export type FileId = Branded<'FileId'>;
/** `worker_…`: one running worker process. */
export type WorkerId = Branded<'WorkerId'>;
/** `whe_…`: a webhook endpoint. */
export type EndpointId = Branded<'EndpointId'>;
/** `<video>:<version>:<endpoint>`: one fact owed to one endpoint. Derived, so that a fact cannot be owed twice. */
export type DeliveryId = Branded<'DeliveryId'>;

/** `video_` and 26 Crockford base-32 characters, as `ports/ids.ts` makes them. Anything else is simply not there. */
const VIDEO_ID = /^video_[0-9a-hjkmnp-tv-z]{26}$/;

/** Reads an id from outside. Text of another shape names no video, so no query is made with it. */
export function readVideoId(text: string): VideoId | undefined {
  return VIDEO_ID.test(text) ? (text as VideoId) : undefined;
}

const FILE_ID = /^file_[0-9a-hjkmnp-tv-z]{26}$/;

/** Reads a file's id from outside. */
export function readFileId(text: string): FileId | undefined {
  return FILE_ID.test(text) ? (text as FileId) : undefined;
}

const ENDPOINT_ID = /^whe_[0-9a-hjkmnp-tv-z]{26}$/;
const DELIVERY_ID = /^video_[0-9a-hjkmnp-tv-z]{26}:\d{1,15}:whe_[0-9a-hjkmnp-tv-z]{26}$/;

/** Reads an endpoint's id from outside. */
export function readEndpointId(text: string): EndpointId | undefined {
  return ENDPOINT_ID.test(text) ? (text as EndpointId) : undefined;
}

/** Reads a delivery's id from outside. */
export function readDeliveryId(text: string): DeliveryId | undefined {
  return DELIVERY_ID.test(text) ? (text as DeliveryId) : undefined;
}

/** Names what one endpoint is owed for one write of a video. */
export function deliveryId(video: VideoId, version: number, endpoint: EndpointId): DeliveryId {
  return `${video}:${version}:${endpoint}` as DeliveryId;
}

/** The owner of everything when nobody named one. */
export const DEFAULT_OWNER = 'default' as OwnerId;

const OWNER_ID = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** Reads an owner's name: lower-case letters, digits, `-` and `_`, 1 to 63 characters, starting with a letter or digit. */
export function readOwnerId(text: string): OwnerId | undefined {
  return OWNER_ID.test(text) ? (text as OwnerId) : undefined;
}

/** Names the n-th attempt of a video (n from 1). Derived, so that a slot can be taken before the attempt begins. */
export function attemptId(video: VideoId, number: number): string {
  return `${video}.${number}`;
}
