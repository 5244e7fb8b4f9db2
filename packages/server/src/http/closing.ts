import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyInstance {
    /** Aborts when the server begins to close: what waits for news is answered at once. */
    readonly leaving: AbortSignal;
  }
}

/** The close of a server, from inside its hooks. */
export interface Closing {
  begun(): boolean;
  /** To be called after each answer: one whose headers left before the close kept its connection open; it is idle now. */
  answered(): void;
}

/** Makes `close()` finish what is open and nothing else. */
export function closeGracefully(app: FastifyInstance, limitMs: number): Closing {
  let begun = false;
  const leaving = new AbortController();
  app.decorate('leaving', leaving.signal);
  let cutOff: NodeJS.Timeout | undefined;

  app.addHook('preClose', async () => {
    begun = true;
    leaving.abort();
    app.server.closeIdleConnections();
    // One reader that has stopped reading must not hold the process for ever.
    cutOff = setTimeout(() => app.server.closeAllConnections(), limitMs);
    cutOff.unref();
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (begun) reply.header('connection', 'close');
    done();
  });
  app.addHook('onClose', async () => clearTimeout(cutOff));
  return {
    begun: () => begun,
    answered() {
      if (begun) setImmediate(() => app.server.closeIdleConnections());
    },
  };
}
