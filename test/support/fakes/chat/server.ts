import { type Asked, FakeServer, jsonOf, type Reply } from '../fake-server.ts';

/** What a chat completion was asked with. */
export interface ChatAsk {
  readonly model: string;
  readonly system: string;
  readonly text: string;
  /** `data:` URLs. */
  readonly pictures: readonly string[];
  readonly authorization: string | undefined;
}

/** An OpenAI-compatible chat model that sees pictures. */
export class FakeChat {
  readonly http: FakeServer;
  readonly asks: ChatAsk[] = [];
  /** What it says; a function of the prompt. */
  says: (text: string) => unknown = (text) =>
    `${text.replace(/^Prompt: /, '')}, in soft light, the camera rising slowly`;

  constructor() {
    this.http = new FakeServer({ answer: (asked) => this.#answer(asked) });
  }

  get url(): string {
    return this.http.url;
  }

  start(port?: number): Promise<void> {
    return this.http.listen(port);
  }

  kill(): Promise<void> {
    return this.http.kill();
  }

  #answer({ method, path, body, headers }: Asked): Reply {
    if (method !== 'POST' || path !== '/v1/chat/completions')
      return { status: 404, body: { error: { message: 'no' } } };
    const asked = jsonOf(body) as {
      model: string;
      messages: { role: string; content: string | { type: string; text?: string; image_url?: { url: string } }[] }[];
    };
    const of = (role: string) => asked.messages.find((message) => message.role === role)?.content ?? '';
    const user = of('user');
    const parts = typeof user === 'string' ? [] : user;
    const text = parts.find(({ type }) => type === 'text')?.text ?? '';
    this.asks.push({
      model: asked.model,
      system: String(of('system')),
      text,
      pictures: parts.flatMap(({ image_url }) => (image_url === undefined ? [] : [image_url.url])),
      authorization: headers.authorization,
    });
    return {
      body: { id: 'chat-1', choices: [{ index: 0, message: { role: 'assistant', content: this.says(text) } }] },
    };
  }
}

export async function startFakeChat(): Promise<FakeChat> {
  const fake = new FakeChat();
  await fake.start();
  return fake;
}
