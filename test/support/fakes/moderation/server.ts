import { type Asked, FakeServer, jsonOf, type Reply } from '../fake-server.ts';

/** What a check was asked with, as docs/moderation.md describes it. */
export interface CheckAsk {
  readonly type: string;
  readonly id: string;
  readonly owner: string;
  readonly model: string;
  readonly prompt: string;
  readonly negative_prompt: string;
  /** `data:` URLs, the first frame and the last. */
  readonly images: readonly string[];
}

/** An operator's content check. */
export class FakeModeration {
  readonly http: FakeServer;
  readonly asks: CheckAsk[] = [];
  readonly authorizations: (string | undefined)[] = [];
  /** What it says. */
  says: (ask: CheckAsk) => Reply = ({ prompt }) => ({ body: { allowed: !prompt.includes('forbidden') } });

  constructor() {
    this.http = new FakeServer({ answer: (asked) => this.#answer(asked) });
  }

  get url(): string {
    return `${this.http.url}/check`;
  }

  #answer({ method, path, body, headers }: Asked): Reply {
    if (method !== 'POST' || path !== '/check') return { status: 404, body: 'not here' };
    const ask = jsonOf(body) as CheckAsk;
    this.asks.push(ask);
    this.authorizations.push(headers.authorization);
    return this.says(ask);
  }
}

export async function startFakeModeration(): Promise<FakeModeration> {
  const fake = new FakeModeration();
  await fake.http.listen();
  return fake;
}
