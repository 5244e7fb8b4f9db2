import { spawn } from 'node:child_process';
import { childMain } from './child-main.ts';
import { isRecord } from './child-protocol.ts';

/** A child that does what it is told, for the tests of `child.ts`. */
const hoard: Uint8Array[] = [];

childMain('fixture', async (body, { send, signal }) => {
  const order = isRecord(body) ? body['order'] : undefined;
  switch (order) {
    case 'echo':
      return send(body);
    case 'environment':
      return send({ ...process.env });
    case 'throw':
      throw new Error('the fixture was told to throw');
    case 'exit':
      return process.exit(7);
    case 'abort':
      return process.abort();
    case 'hoard':
      for (let index = 0; index < 40; index++) {
        hoard.push(new Uint8Array(16 << 20).fill(index));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return;
    case 'talk':
      for (let line = 0; line < 5000; line++) process.stdout.write(`line ${line} ${'x'.repeat(3000)}\n`);
      return send({ order });
    case 'spin':
      send({ order });
      for (;;);
    case 'wait':
      send({ order });
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      return send({ order: 'was stopped' });
    case 'grandchild': {
      const child = spawn('/bin/sleep', ['600'], { stdio: 'inherit' });
      return send({ pid: child.pid });
    }
  }
});
