/**
 * The public wire types of the native `/v1` API: what travels as JSON between an Inbetween server and its callers.
 * The server's translation is checked against these types, so they cannot drift apart.
 */

/** The life of a video; the last three are final. */
export type VideoStatus = 'pending' | 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

/** What is going on inside a status. */
export type VideoPhase = 'fetching' | 'upstream_queued' | 'generating' | 'retrying' | 'storing';

/** Tier of output area. */
export type VideoSize = '480P' | '720P' | '1080P';

/** A remark that is worth knowing and does not fail the video. */
export interface VideoWarning {
  readonly code: string;
  readonly message: string;
}

/** What a video costs. */
export interface VideoCost {
  readonly currency: string;
  /** A decimal number, such as `0.1`. */
  readonly amount: string;
  /** `reserved` until it ends, then `settled` (charged) or `released` (free). */
  readonly state: 'reserved' | 'settled' | 'released';
}

/** Facts beside the seed's fields. A backend adds entries of its own, so unknown names are to be expected. */
export interface VideoMetadata {
  /** The same address as `url`. */
  readonly url: string | null;
  /** Who makes the pixels. */
  readonly backend: string;
  readonly phase: VideoPhase | null;
  readonly fps: number | null;
  readonly frames: number | null;
  /** Measured length in seconds. */
  readonly duration: number | null;
  /** How many videos are due before this one; only told when one queued video is retrieved. */
  readonly queue_position: number | null;
  /** When it will probably be finished, Unix seconds. */
  readonly eta: number | null;
  /** A signed address of its server-sent events, for browsers; null in a final status. */
  readonly events_url: string | null;
  /** What it costs you; null: nothing has a price. */
  readonly cost: VideoCost | null;
  readonly warnings: readonly VideoWarning[];
  readonly [entry: string]: unknown;
}

/** A video, as every call answers it. All fields are always there; null: not known, or not yet. */
export interface VideoObject {
  readonly id: string;
  /** The same as `id`. */
  readonly task_id: string;
  readonly object: 'video';
  readonly model: string;
  readonly status: VideoStatus;
  /** Whole percent; never falls, 100 exactly when succeeded. */
  readonly progress: number;
  /** Unix seconds. */
  readonly created_at: number;
  readonly seconds: string;
  readonly size: VideoSize;
  readonly width: number | null;
  readonly height: number | null;
  readonly seed: number;
  readonly prompt: string;
  /** The prompt that was really used, where the backend tells. */
  readonly actual_prompt: string | null;
  /** Unix seconds; set in every final status. */
  readonly completed_at: number | null;
  /** When the files go, Unix seconds; null: not planned. */
  readonly expires_at: number | null;
  /** Why it failed. */
  readonly error: { readonly code: string; readonly message: string } | null;
  /** The MP4: a signed address that needs no key, valid for a day or so. A later answer carries a fresh one. */
  readonly url: string | null;
  /** The same as `url`. */
  readonly video_url: string | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly metadata: VideoMetadata;
}

/** A page of a list. */
export interface ListObject<T> {
  readonly object: 'list';
  readonly data: readonly T[];
  readonly first_id: string | null;
  /** Send it as `after` to get the next page. */
  readonly last_id: string | null;
  readonly has_more: boolean;
}

/** The answer to a delete. */
export interface DeletedVideo {
  readonly id: string;
  readonly object: 'video.deleted';
  readonly deleted: true;
}

/** What a create would make and cost. Nothing was made or kept for it. */
export interface VideoQuote {
  readonly object: 'video.quote';
  readonly model: string;
  readonly size: VideoSize;
  readonly seconds: string;
  /** Of the video; null: not known any more, of one that was made before. */
  readonly width: number | null;
  readonly height: number | null;
  /** Null: one would be drawn. */
  readonly seed: number | null;
  /** Who would make the pixels. */
  readonly backend: string;
  /** Null: it has no price. */
  readonly cost: { readonly currency: string; readonly amount: string } | null;
  /** The pictures as they were sent, upright, the first one first; null with `replays`. */
  readonly frames: readonly QuotedFrame[] | null;
  /** The video that a create with this Idempotency-Key would answer with, making nothing; null: it would make one. */
  readonly replays: string | null;
  readonly warnings: readonly VideoWarning[];
}

export interface QuotedFrame {
  readonly width: number;
  readonly height: number;
  /** The share of it that is cut away, 0 to 1. */
  readonly cropped: number;
}

/** What ended, summed up. What is not grouped by is null. */
export interface UsageObject {
  readonly id: string;
  readonly object: 'usage';
  /** UTC, such as `2026-11-26`: videos count on the day they were asked for, once they have ended. */
  readonly day: string | null;
  /** The id of a key; `none`: what was asked for without a stored one. */
  readonly api_key: string | null;
  readonly model: string | null;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Of video that was charged. */
  readonly seconds: number;
  /** What was charged, a decimal number in the list's currency. */
  readonly cost: string;
  /** What peers charged the operator; null: not for you to see. */
  readonly upstream_cost: string | null;
}

/** One line of a budget. Amounts of money are decimal numbers as text. */
export interface BudgetLine<T> {
  /** Null: there is none. */
  readonly limit: T | null;
  /** Held for videos that have not ended. */
  readonly reserved: T;
  readonly settled: T;
}

/** How a project stands in a month (UTC). */
export interface BudgetObject {
  readonly month: string;
  readonly seconds: BudgetLine<number>;
  readonly cost: BudgetLine<string>;
}

/** A page of usage. */
export interface UsageList extends ListObject<UsageObject> {
  readonly owner: string;
  readonly from: string;
  readonly to: string;
  readonly currency: string;
  /** This month, whatever was asked for. */
  readonly budget: BudgetObject;
}

/** An uploaded picture. */
export interface FileObject {
  /** Write it into `images` of a create. */
  readonly id: string;
  readonly object: 'file';
  readonly bytes: number;
  /** Unix seconds. */
  readonly created_at: number;
  /** When it goes, Unix seconds; null: when you delete it. */
  readonly expires_at: number | null;
  readonly filename: string;
  /** A word of yours, given back. */
  readonly purpose: string;
  readonly status: 'processed';
  readonly type: 'image/jpeg' | 'image/png' | 'image/webp' | 'image/bmp';
  /** Sides as stored, before any EXIF orientation. */
  readonly width: number;
  readonly height: number;
  readonly sha256: string;
}

/** The answer to deleting a file. */
export interface DeletedFile {
  readonly id: string;
  readonly object: 'file';
  readonly deleted: true;
}

/** What the backend that serves a model can do right now. */
export interface ModelCapabilities {
  readonly sizes: readonly VideoSize[];
  readonly honours_seed: boolean;
  readonly honours_negative_prompt: boolean;
  /** Imagines new pixels; false: moves between the two pictures only. */
  readonly generative: boolean;
  /** Each video may cost money at the backend. */
  readonly billed: boolean;
  /** Cancelling ends the work at once; false: the backend finishes what it began. */
  readonly cancel: boolean;
}

/** A model a caller may name. */
export interface ModelObject {
  readonly id: string;
  readonly object: 'model';
  readonly created: number;
  readonly owned_by: string;
  readonly sizes: readonly VideoSize[];
  readonly default_size: VideoSize;
  readonly seconds: readonly string[];
  /** What you pay for a second of video by size, as decimal numbers; null: nothing. */
  readonly price: { readonly currency: string; readonly per_second: Readonly<Record<string, string>> } | null;
  readonly backend: string;
  readonly ready: boolean;
  /** What is missing, in words; empty when ready. */
  readonly problems: readonly string[];
  readonly capabilities: ModelCapabilities;
  /** All who make it, the best first. */
  readonly backends: readonly ModelBackend[];
}

/** One of the backends that make a model's videos. */
export interface ModelBackend {
  readonly name: string;
  readonly ready: boolean;
  readonly billed: boolean;
  readonly sizes: readonly VideoSize[];
  /** What its peer charges the operator for a second of video by size; null: the operator does not say. */
  readonly price: { readonly currency: string; readonly per_second: Readonly<Record<string, number>> } | null;
}

/** All models; not paged. */
export interface ModelList {
  readonly object: 'list';
  readonly data: readonly ModelObject[];
}

/** Every error, of every route. */
export interface ErrorBody {
  readonly error: {
    /** Names the field, the limit and the remedy. */
    readonly message: string;
    /** The family of the error. */
    readonly type: string;
    /** The field at fault as the caller wrote it, such as `images[0]`. */
    readonly param: string | null;
    /** A stable word to switch on. */
    readonly code: string;
  };
}

/** The files of a video. */
export type ContentVariant = 'video' | 'thumbnail' | 'spritesheet' | 'first_frame' | 'last_frame' | 'output_last_frame';

/** The body of `POST /v1/videos` as JSON. */
export interface CreateVideoBody {
  readonly model: string;
  /** Exactly two: the first frame and the last frame. */
  readonly images: readonly string[];
  readonly prompt?: string;
  readonly seconds?: string | number;
  readonly size?: string;
  readonly prompt_extend?: boolean;
  readonly watermark?: boolean;
  readonly seed?: number;
  readonly negative_prompt?: string;
  readonly tags?: Readonly<Record<string, string>>;
}
