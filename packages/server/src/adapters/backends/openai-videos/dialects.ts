import type { Polled } from '../remote/remote-api.ts';

/** Where a gateway wants each thing in the body of `POST /v1/videos`; `a.b` nests, `a[0]` makes a list. */
export interface FieldMap {
  readonly first: string;
  /** There is no default: a gateway that is not told of a last frame makes a video without it, and says nothing. */
  readonly last: string;
  readonly negativePrompt?: string | undefined;
  readonly seed?: string | undefined;
  readonly promptExtend?: string | undefined;
  readonly watermark?: string | undefined;
  readonly size?: string | undefined;
  readonly seconds?: string | undefined;
}

export interface GatewayDialect {
  readonly fields: FieldMap | undefined;
  /** How `size` is written. */
  readonly size: 'tier' | 'pixels';
  /** Makes the same answer for the same `Idempotency-Key`. */
  readonly idempotencyKey: boolean;
  /** Has `POST /v1/videos/{id}/cancel`. */
  readonly cancels: boolean;
}

const SEED_FIELDS: FieldMap = {
  first: 'images[0]',
  last: 'images[1]',
  negativePrompt: 'negative_prompt',
  seed: 'seed',
  promptExtend: 'prompt_extend',
  watermark: 'watermark',
  size: 'size',
  seconds: 'seconds',
};

/** What is known of gateways. `custom` knows nothing and must be told. */
export const DIALECTS = {
  inbetween: { fields: SEED_FIELDS, size: 'tier', idempotencyKey: true, cancels: true },
  powertokens: { fields: SEED_FIELDS, size: 'tier', idempotencyKey: false, cancels: false },
  // Its `images` reach the kf2v models only as a first frame; both go through the upstream's own names.
  'new-api': {
    fields: {
      ...SEED_FIELDS,
      first: 'metadata.input.first_frame_url',
      last: 'metadata.input.last_frame_url',
      negativePrompt: 'metadata.input.negative_prompt',
      seed: 'metadata.parameters.seed',
      promptExtend: 'metadata.parameters.prompt_extend',
      watermark: 'metadata.parameters.watermark',
    },
    size: 'tier',
    idempotencyKey: false,
    cancels: false,
  },
  custom: { fields: undefined, size: 'tier', idempotencyKey: false, cancels: false },
} as const satisfies Record<string, GatewayDialect>;

export type DialectName = keyof typeof DIALECTS;

type State = 'queued' | 'working' | 'done' | 'failed' | 'cancelled' | 'lost';

/**
 * The status words of every gateway we know of. A word that is not here means that it is still working: a new word for an
 * old state must not end a video that is being paid for.
 */
const WORDS: Readonly<Record<string, State>> = {
  pending: 'queued',
  queued: 'queued',
  queueing: 'queued',
  submitted: 'queued',
  not_start: 'queued',
  created: 'queued',
  starting: 'queued',
  in_queue: 'queued',
  running: 'working',
  in_progress: 'working',
  processing: 'working',
  generating: 'working',
  succeeded: 'done',
  success: 'done',
  completed: 'done',
  complete: 'done',
  failed: 'failed',
  failure: 'failed',
  error: 'failed',
  cancelled: 'cancelled',
  canceled: 'cancelled',
  aborted: 'cancelled',
  expired: 'lost',
};

/** Reads a status word in any of the dialects; undefined for one that nobody told us of. */
export function readWord(word: string): State | undefined {
  const key = word
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, '_');
  return Object.hasOwn(WORDS, key) ? WORDS[key] : undefined;
}

/** What a phase is called where the peer only tells the word. */
export function phaseOf(state: State | undefined): Extract<Polled, { state: 'working' }>['phase'] {
  return state === 'queued' ? 'upstream_queued' : 'generating';
}

/** Sets a value at a path such as `metadata.input.first_frame_url` or `images[1]`, making what is missing on the way. */
export function setAt(body: Record<string, unknown>, path: string, value: unknown): void {
  const steps = path.split('.').flatMap((part) => {
    const [, name = part, index] = /^([^[]+)(?:\[(\d+)\])?$/.exec(part) ?? [];
    return index === undefined ? [name] : [name, Number(index)];
  });
  let place: Record<string | number, unknown> = body;
  steps.forEach((step, position) => {
    const next = steps[position + 1];
    if (next === undefined) place[step] = value;
    else {
      place[step] ??= typeof next === 'number' ? [] : {};
      place = place[step] as Record<string | number, unknown>;
    }
  });
}
