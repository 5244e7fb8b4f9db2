import { parseArgs } from 'node:util';
import { FAKES } from '../test/support/fakes/by-name.ts';

/** `npm run fake -- comfyui --port 8188`: one fake engine to look at, and to point a server at. It needs no GPU. */
function readCommand() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { port: { type: 'string' }, 'pace-ms': { type: 'string' }, version: { type: 'string' } },
    });
  } catch {
    return { values: {}, positionals: [] };
  }
}

const { values, positionals } = readCommand();
const [name = ''] = positionals;
const fake = FAKES[name];
if (fake === undefined) {
  console.error(`Which fake? npm run fake -- NAME [--port N] [--pace-ms N] [--version X]
NAME is one of ${Object.keys(FAKES).join(', ')}. --pace-ms: how long a step or a video takes; --version: of ComfyUI.`);
  process.exit(2);
}
const wish = {
  ...(values['pace-ms'] === undefined ? {} : { paceMs: Number(values['pace-ms']) }),
  ...(values.version === undefined ? {} : { version: values.version }),
};
const { http } = fake.make(wish);
await http.listen(Number(values.port ?? fake.port));
console.log(`A fake ${name} listens on ${http.url}. To use it:\n\n${fake.use(http.url)}\n`);
http.onCall = (call) => console.log(call);
process.once('SIGINT', () => void http.kill().then(() => process.exit(0)));
process.once('SIGTERM', () => void http.kill().then(() => process.exit(0)));
