import { startChild } from './child.ts';

/** A parent that starts one child with the given order, tells its pid on stdout, and waits to be killed. */
const quiet = () => {};
const child = startChild({
  name: 'fixture',
  entry: new URL('./child.fixture.ts', import.meta.url),
  limits: { memoryBytes: 1 << 30 },
  log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  onMessage: (body) => process.stdout.write(`${JSON.stringify({ pid: child.pid, body })}\n`),
});
child.send({ order: process.argv[2] });
