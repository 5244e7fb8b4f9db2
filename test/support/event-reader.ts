/** A message of `GET /v1/videos/{id}/events`. */
export interface ToldEvent<Data> {
  readonly id: string;
  readonly data: Data;
}

export interface ListenWish {
  readonly key: string;
  readonly lastEventId?: string;
  /** Called once the server has begun to answer: from now on nothing is missed. */
  readonly onOpen?: () => void;
  readonly limitMs?: number;
}

/** Server-sent events as they come, over plain `fetch`, until the server ends the answer or the caller leaves the loop. */
export async function* listen<Data>(url: string | URL, wish: ListenWish): AsyncGenerator<ToldEvent<Data>> {
  const { key, lastEventId, onOpen = () => {}, limitMs = 60_000 } = wish;
  const gone = new AbortController();
  const response = await fetch(url, {
    headers: {
      authorization: `Bearer ${key}`,
      accept: 'text/event-stream',
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
    signal: AbortSignal.any([gone.signal, AbortSignal.timeout(limitMs)]),
  });
  if (response.status !== 200 || response.body === null) throw new Error(`${response.status} ${await response.text()}`);
  onOpen();
  try {
    let held = '';
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      held += text;
      for (let end = held.indexOf('\n\n'); end !== -1; end = held.indexOf('\n\n')) {
        const message = held.slice(0, end);
        held = held.slice(end + 2);
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(message)?.[1];
        const [id, data] = [field('id'), field('data')];
        if (id !== undefined && data !== undefined) yield { id, data: JSON.parse(data) as Data };
      }
    }
  } finally {
    gone.abort();
  }
}
