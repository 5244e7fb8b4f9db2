import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A helper process that answers one order after the other, and may tell of things by itself. */
export interface Helper {
  ask<Answer>(order: object): Promise<Answer>;
  /** What it tells unasked. */
  onNews(listener: (news: unknown) => void): void;
  stop(): Promise<void>;
}

const ANSWER_MS = 60_000;
const STOP_MS = 15_000;

/** Starts `<name>.ts` of this folder, with these options of Node. Its standard output, where the server logs, goes nowhere. */
export function startHelper(name: string, args: readonly string[] = [], flags: readonly string[] = []): Helper {
  const child = fork(fileURLToPath(new URL(`./${name}.ts`, import.meta.url)), [...args], {
    execArgv: [...process.execArgv, ...flags],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let asked = 0;
  let listener: (news: unknown) => void = () => {};
  child.on('message', (sent: { readonly id?: number; readonly answer?: unknown; readonly error?: string }) => {
    if (sent.id === undefined) return listener(sent.answer);
    const question = waiting.get(sent.id);
    waiting.delete(sent.id);
    if (sent.error === undefined) question?.resolve(sent.answer);
    else question?.reject(new Error(`${name}: ${sent.error}`));
  });
  child.on('exit', (code, signal) => {
    for (const question of waiting.values()) question.reject(new Error(`${name} ended: ${code ?? signal}`));
  });
  return {
    ask<Answer>(order: object) {
      const id = ++asked;
      const question = Promise.withResolvers<unknown>();
      waiting.set(id, question);
      const overdue = setTimeout(() => question.reject(new Error(`${name} does not answer`)), ANSWER_MS);
      child.send({ id, order });
      return question.promise.finally(() => clearTimeout(overdue)) as Promise<Answer>;
    },
    onNews(next) {
      listener = next;
    },
    async stop() {
      if (child.connected) child.disconnect();
      await ended(child, STOP_MS);
    },
  };
}

/** Waits for the end of a process, and makes it end after a while. */
export async function ended(child: ChildProcess, ms: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const kill = setTimeout(() => child.kill('SIGKILL'), ms);
  await new Promise((resolve) => child.once('exit', resolve));
  clearTimeout(kill);
}

/** The helper's side: answers orders until its parent lets go of it or is gone. */
export function answerOrders<Order>(answer: (order: Order) => unknown, atEnd: () => Promise<void>): void {
  process.on('message', async ({ id, order }: { readonly id: number; readonly order: Order }) => {
    try {
      process.send?.({ id, answer: await answer(order) });
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  process.once('disconnect', () => void atEnd().finally(() => process.exit()));
}

/** The helper's side: tells its parent something unasked. */
export function tell(news: unknown): void {
  process.send?.({ answer: news });
}
