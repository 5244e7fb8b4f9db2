/** Where the one who checks hears webhooks. */
export interface Hook {
  /** The address that the server is told to post to. */
  readonly url: string;
  /** What came so far, in order; it grows. */
  readonly heard: readonly { readonly body: Uint8Array; readonly headers: Headers }[];
}

/** What the checks are given: a way to ask, two frames, and what earlier checks found. */
export interface Context {
  ask(path: string, wish?: Wish): Promise<Answer>;
  /** An ask that must be accepted, with this much changed; `undefined` takes a field away. */
  body(changes?: Readonly<Record<string, unknown>>): Record<string, unknown>;
  readonly frames: { readonly first: Uint8Array; readonly last: Uint8Array };
  readonly model: string;
  /** How long a video may take, in milliseconds. */
  readonly patienceMs: number;
  /** The video that later checks look at. */
  made?: string;
  readonly hook: Hook | undefined;
  /** The webhook endpoint that later checks look at; `heard`: what it is told comes to `hook`. */
  endpoint?: { readonly id: string; readonly secret: string; readonly heard: boolean };
  pause(ms: number): Promise<void>;
}

/** One thing that a server must do. */
export interface Check {
  readonly name: string;
  /** @throws Mismatch that says in words what is otherwise; NotOffered */
  run(at: Context): Promise<void>;
}

export interface Wish {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, a text as it is. */
  readonly body?: object | string | FormData;
  /** Another key, or none. */
  readonly key?: string | null;
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  /** The body as a JSON object; empty when it is none. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** Why a server does not conform, in words for its maker. */
export class Mismatch extends Error {
  override readonly name = 'Mismatch';
}

/** What is checked is not there, and need not be. */
export class NotOffered extends Error {
  override readonly name = 'NotOffered';
}

/** @throws Mismatch */
export function must(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Mismatch(otherwise);
}

/** The answer has this status, and where it is an error, the envelope of an error. */
export function mustAnswer(answer: Answer, statuses: readonly number[], what: string): void {
  const text = new TextDecoder().decode(answer.bytes.slice(0, 160));
  must(statuses.includes(answer.status), `${what}: ${answer.status} instead of ${statuses.join(' or ')}. ${text}`);
  if (answer.status < 400) return;
  const { error } = answer.json as { error?: { message?: unknown } };
  must(typeof error?.message === 'string' && error.message !== '', `${what}: the body has no error.message. ${text}`);
}

export function createContext(options: {
  readonly url: string;
  readonly key: string | undefined;
  readonly model: string;
  readonly patienceMs: number;
  readonly frames: Context['frames'];
  readonly images: readonly string[];
  readonly hook: Hook | undefined;
  readonly fetch: typeof globalThis.fetch;
}): Context {
  const base = options.url.replace(/\/+$/, '').replace(/\/v1$/, '');
  return {
    frames: options.frames,
    hook: options.hook,
    model: options.model,
    patienceMs: options.patienceMs,
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    body(changes = {}) {
      const all = {
        model: options.model,
        images: options.images,
        prompt: 'the square moves',
        seconds: '5',
        ...changes,
      };
      return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    },
    async ask(path, { method = 'GET', headers = {}, body, key = options.key } = {}) {
      const isJson = typeof body === 'object' && !(body instanceof FormData);
      const response = await options.fetch(/^https?:/.test(path) ? path : `${base}${path}`, {
        method,
        headers: {
          ...(key === null || key === undefined ? {} : { authorization: `Bearer ${key}` }),
          ...(isJson || typeof body === 'string' ? { 'content-type': 'application/json' } : {}),
          ...headers,
        },
        signal: AbortSignal.timeout(120_000),
        ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : (body as string | FormData) }),
      });
      const bytes = new Uint8Array(await response.arrayBuffer());
      return { status: response.status, headers: response.headers, bytes, json: parse(bytes) };
    },
  };
}

function parse(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}
