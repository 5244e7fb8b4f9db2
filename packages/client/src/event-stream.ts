/** One message of a stream of server-sent events. */
export interface StreamMessage {
  /** Empty when the message had none. */
  readonly id: string;
  readonly data: string;
}

/** Far above any message of ours; beyond it something else is talking. */
const MESSAGE_MAX = 4 * 1024 * 1024;

/** Reads server-sent events (WHATWG HTML §9.2) as far as this API uses them: `id` and `data`, any line ending. */
export async function* readMessages(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamMessage> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      // A CR at the end may be the first half of CR LF, so it waits for what follows.
      text += decoder.decode(value, { stream: true });
      const ready = text.endsWith('\r') ? text.slice(0, -1) : text;
      const rest = text.slice(ready.length);
      const blocks = ready.replace(/\r\n?/g, '\n').split('\n\n');
      text = (blocks.pop() ?? '') + rest;
      if (text.length > MESSAGE_MAX) throw new Error('a message without end');
      for (const block of blocks) {
        const message = readBlock(block);
        if (message !== undefined) yield message;
      }
    }
  } finally {
    // Also when the reader of the messages has heard enough.
    await reader.cancel().catch(() => undefined);
  }
}

function readBlock(block: string): StreamMessage | undefined {
  const data: string[] = [];
  let id = '';
  for (const line of block.split('\n')) {
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
    if (field === 'data') data.push(value);
    if (field === 'id') id = value;
  }
  return data.length === 0 ? undefined : { id, data: data.join('\n') };
}
