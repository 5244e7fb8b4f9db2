import { Agent, type Dispatcher, WebSocket } from 'undici';
import { z } from 'zod';
import type { Clock } from '../../../ports/clock.ts';
import type { PeerAddress } from '../remote/peer-http.ts';

/** How far a prompt has come, as its socket tells. */
export interface Progress {
  /** A socket is open, so silence means that nothing moves. */
  readonly connected: boolean;
  /** 0..1, never falling. */
  readonly fraction: number;
}

export interface ProgressParts {
  readonly address: PeerAddress;
  readonly clock: Clock;
  /** The id under which the prompt was queued: events go to nobody else. */
  readonly client: string;
  /** The steps that each sampler will run. */
  readonly steps: Readonly<Record<string, number>>;
  /** Something has ended; it is worth looking now. */
  wake(): void;
}

/** Sampling is nearly all of the work; loading before it and decoding after it get the rest. */
const BEFORE = 0.05;
const SAMPLING = 0.85;
const CONNECT_MS = 10_000;
const RETRY_MS = 1_000;
const RETRY_MAX_MS = 30_000;

const message = z.object({ type: z.string(), data: z.record(z.string(), z.unknown()) });
const step = z.object({ value: z.number(), max: z.number().positive() });
const nodes = z.record(z.string(), step);

const ENDS = ['execution_success', 'execution_error', 'execution_interrupted'];

/**
 * Listens to ComfyUI's WebSocket until the signal aborts, and connects again whenever it breaks. Nothing that matters
 * depends on it: events are lost while nobody listens, and whether a prompt has ended is asked over HTTP.
 */
export function watchProgress(parts: ProgressParts, signal: AbortSignal): Progress {
  const { clock, steps, wake } = parts;
  const planned = Object.values(steps).reduce((sum, each) => sum + each, 0);
  const done = new Map<string, number>();
  const state = { connected: false, fraction: 0 };

  function note(node: string, { value, max }: z.infer<typeof step>): void {
    const known = steps[node];
    if (known !== undefined) done.set(node, Math.max(done.get(node) ?? 0, Math.min(known, value)));
    const sampled = [...done.values()].reduce((sum, each) => sum + each, 0);
    // A graph whose samplers we don't know tells at least how far the node at work has come.
    const share = planned > 0 ? sampled / planned : value / max;
    state.fraction = Math.max(state.fraction, BEFORE + SAMPLING * Math.min(1, share));
  }

  function hear(text: string): void {
    const { type, data } = message.safeParse(parseJson(text)).data ?? { type: '', data: {} };
    if (type === 'progress') {
      const found = step.safeParse(data).data;
      if (found !== undefined) note(String(data['node']), found);
    }
    // Newer versions tell all nodes each time, those too that ended while nobody listened.
    if (type === 'progress_state') {
      for (const [node, told] of Object.entries(nodes.safeParse(data['nodes']).data ?? {})) note(node, told);
    }
    // The last word of a prompt, said when its history is written.
    if ((type === 'executing' && data['node'] === null) || ENDS.includes(type)) wake();
  }

  async function listen(): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      const opened = await connectOnce(parts, hear, (connected) => (state.connected = connected), signal);
      failures = opened ? 0 : failures + 1;
      await clock.sleep(Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** Math.min(failures, 10)), signal);
    }
  }

  void listen();
  return state;
}

/** One connection, to its end. Tells whether it had opened; never rejects. */
async function connectOnce(
  { address, client, clock }: ProgressParts,
  hear: (text: string) => void,
  tell: (connected: boolean) => void,
  signal: AbortSignal,
): Promise<boolean> {
  // An agent of its own, so that ending it ends the connection whatever state it is in.
  const agent = new Agent({ allowH2: false });
  const over = new AbortController();
  const ended = Promise.withResolvers<void>();
  let opened = false;
  const onAbort = () => ended.resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  const url = `${address.url.replace(/^http/, 'ws')}/ws?clientId=${client}`;
  // undici's own types of the agent and of the socket differ in what they call a dispatcher.
  const dispatcher = agent as Dispatcher;
  const socket = new WebSocket(url, { headers: { ...address.headers }, dispatcher });
  socket.addEventListener('open', () => {
    opened = true;
    tell(true);
  });
  socket.addEventListener('message', ({ data }) => {
    // Binary messages are previews.
    if (typeof data === 'string') hear(data);
  });
  for (const type of ['error', 'close'] as const) socket.addEventListener(type, () => ended.resolve());
  void clock.sleep(CONNECT_MS, over.signal).then(() => {
    if (!opened) ended.resolve();
  });
  if (signal.aborted) ended.resolve();
  await ended.promise;
  tell(false);
  over.abort();
  signal.removeEventListener('abort', onAbort);
  socket.close();
  await agent.destroy().catch(() => undefined);
  return opened;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
