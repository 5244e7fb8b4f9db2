import type { Caller } from '../domain/api-key.ts';
import type { Prices } from '../domain/charge.ts';
import type { GenerationAsk } from '../domain/generation.ts';
import type { OwnerId, VideoId } from '../domain/id.ts';
import type { Policy } from '../domain/policy.ts';
import type { Video } from '../domain/video.ts';
import type { ArtifactStore } from '../ports/artifacts.ts';
import type { Bell } from '../ports/bell.ts';
import type { Clock } from '../ports/clock.ts';
import type { Fetcher } from '../ports/fetcher.ts';
import type { Ids } from '../ports/ids.ts';
import type { LedgerStore } from '../ports/ledger.ts';
import type { Meter } from '../ports/meter.ts';
import type { Router } from '../ports/router.ts';
import type { BackendState, VideoStore } from '../ports/store.ts';
import type { DiskGuard } from './disk-guard.ts';
import type { Files } from './files.ts';
import type { QueueGuard } from './queue-guard.ts';
import type { Rates } from './rates.ts';
import type { Repeat } from './repeat.ts';

/** One item of `images`: text in one of the accepted spellings, or the bytes of a posted file. */
export type ImageAsk = string | Uint8Array;

/** An ask as a dialect read it. */
export interface SubmitAsk {
  readonly generation: GenerationAsk;
  readonly images: readonly ImageAsk[];
  /** Fields the dialect does not know; they are ignored and named in a warning. */
  readonly unknownFields: readonly string[];
  readonly idempotencyKey?: string | undefined;
  /** Only heeded without a key. */
  readonly repeat?: Repeat | undefined;
  /** The text of a trigger for tests of clients, as it came. */
  readonly simulate?: string | undefined;
}

export interface Submitted {
  readonly video: Video;
  /** The same key and ask were seen before; nothing new was made. */
  readonly replayed: boolean;
}

/** What accepting a video, or saying what it would be, needs. */
export interface SubmitParts {
  readonly videos: VideoStore;
  readonly artifacts: ArtifactStore;
  readonly fetcher: Fetcher;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly bell: Bell;
  readonly meter: Meter;
  readonly policy: Policy;
  readonly disk: DiskGuard;
  /** Bounds what waits; absent: any number may. */
  readonly queue?: QueueGuard | undefined;
  /** What operators say about a backend; absent: nothing. */
  readonly stateOf?: ((backend: string) => BackendState) | undefined;
  /** Plays along with tests of clients. */
  readonly simulates?: boolean | undefined;
  readonly router: Pick<Router, 'route'>;
  /** What videos cost; absent: nothing. */
  readonly prices?: Prices | undefined;
  readonly ledger: Pick<LedgerStore, 'account'>;
  /** Checks a `callback_url` without writing anything. @throws Fault `url_not_allowed` */
  checkCallback(url: string): void;
  /** Checks a `callback_url` and makes sure that there is a secret to sign for it. @throws Fault `url_not_allowed` */
  acceptCallback(owner: OwnerId, url: string): Promise<void>;
  /** Bytes of the last output frame of an owner's finished video. */
  outputFrame(caller: Caller, video: VideoId, param: string): Promise<Uint8Array>;
  /** How often each key has asked lately. */
  readonly creates: Rates;
  /** Uploaded pictures. */
  readonly files: Pick<Files, 'picture'>;
}
