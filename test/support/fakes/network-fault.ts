import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * What can go wrong between two machines, whatever the engine.
 *
 * `status`: a proxy's or a broken engine's answer; the request is not handled · `lost-request`: the connection breaks
 * before the engine has seen it · `lost-answer`: handled, and nobody hears of it · `silence`: never answered ·
 * `slow-body`: the answer comes in small pieces · `cut-body`: it breaks off after a share of what was promised ·
 * `gibberish`: a 200 that is not what it should be.
 */
export type NetworkFault =
  | { readonly kind: 'status'; readonly status: number; readonly body?: string }
  | { readonly kind: 'lost-request' }
  | { readonly kind: 'lost-answer' }
  | { readonly kind: 'silence' }
  | { readonly kind: 'slow-body'; readonly bytes: number; readonly everyMs: number }
  | { readonly kind: 'cut-body'; readonly share: number }
  | { readonly kind: 'gibberish' };

interface Planned {
  readonly on: string;
  readonly fault: NetworkFault;
  times: number;
}

/** Faults that lie in wait for requests; each is used up after its number of times. */
export class FaultPlan {
  readonly #planned: Planned[] = [];

  /** @param on the beginning of `METHOD /path`, such as `POST /prompt`; empty: every request */
  add(on: string, fault: NetworkFault, times = Number.POSITIVE_INFINITY): void {
    this.#planned.push({ on, fault, times });
  }

  clear(): void {
    this.#planned.length = 0;
  }

  take(call: string): NetworkFault | undefined {
    const found = this.#planned.find(({ on, times }) => times > 0 && call.startsWith(on));
    if (found !== undefined) found.times -= 1;
    return found?.fault;
  }
}

/** Sends a body as the fault wants it; resolves when the response is over, one way or the other. */
export async function sendBody(response: ServerResponse, body: Uint8Array, fault?: NetworkFault): Promise<void> {
  if (fault?.kind === 'cut-body') {
    response.write(body.subarray(0, Math.floor(body.length * fault.share)), () => response.destroy());
    return;
  }
  if (fault?.kind !== 'slow-body') {
    response.end(body);
    return;
  }
  for (let at = 0; at < body.length && !response.destroyed; at += fault.bytes) {
    response.write(body.subarray(at, at + fault.bytes));
    await pause(fault.everyMs);
  }
  response.end();
}
