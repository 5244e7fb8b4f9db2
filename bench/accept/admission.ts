import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type Figure, quantile, round } from './figures.ts';
import { startHelper } from './helper.ts';
import { type Milestone, machineMs } from './milestone.ts';
import { startFlags } from './start-flags.ts';

const WARM_UP = 3;
/** After each video, until the system is idle again. */
const PAUSE_MS = 150;
const LIFE_MS = 30_000;

interface Life {
  readonly answered: number;
  readonly queued: number;
  readonly called: number;
}

/** Figure 4: from the POST to `queued`, and from there to the backend's call, one video at a time. */
export async function measureAdmission(folder: string, body: Buffer, videos: number): Promise<readonly Figure[]> {
  const server = startHelper('all', [folder], startFlags());
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const { port, secret } = await server.ask<{ readonly port: number; readonly secret: string }>({});
    const lives: Life[] = [];
    for (let n = 0; n < WARM_UP + videos; n += 1) {
      const seen = collect(server.onNews);
      const begun = machineMs();
      const id = await post({ agent, port, secret, body });
      const answered = machineMs();
      const { queued, called } = await seen(id);
      lives.push({ answered: answered - begun, queued: queued - begun, called: called - queued });
      await delay(PAUSE_MS);
    }
    return show(lives);
  } finally {
    agent.destroy();
    await server.stop();
  }
}

function show(lives: readonly Life[]): readonly Figure[] {
  const warm = lives.slice(WARM_UP);
  const figure = (name: string, of: keyof Life, share: number, atMost?: number): Figure => ({
    name,
    value: round(
      quantile(
        warm.map((life) => life[of]),
        share,
      ),
      1,
    ),
    unit: 'ms',
    ...(atMost === undefined ? {} : { target: { kind: 'atMost', value: atMost } }),
  });
  return [
    figure('POST to queued, p50', 'queued', 0.5, 250),
    figure('POST to queued, p95', 'queued', 0.95),
    { name: '  the very first', value: round(lives[0]?.queued ?? Number.NaN, 1), unit: 'ms' },
    figure('  POST to answer, p50', 'answered', 0.5),
    figure('queued to backend, p50', 'called', 0.5, 30),
    figure('queued to backend, p95', 'called', 0.95),
  ];
}

/** Gathers milestones from now on; the returned function waits for the end of one video. */
function collect(onNews: (listener: (news: unknown) => void) => void) {
  const seen: Milestone[] = [];
  let look = () => {};
  onNews((news) => {
    seen.push(news as Milestone);
    look();
  });
  return async (id: string): Promise<{ readonly queued: number; readonly called: number }> => {
    const at = (what: Milestone['what']) => seen.find((one) => one.id === id && one.what === what)?.at;
    await new Promise<void>((resolve, reject) => {
      const overdue = setTimeout(() => reject(new Error(`${id} does not end`)), LIFE_MS);
      look = () => {
        if (at('ended') === undefined) return;
        clearTimeout(overdue);
        resolve();
      };
      look();
    });
    const [queued, called] = [at('queued'), at('called')];
    if (queued === undefined || called === undefined) throw new Error(`${id} ended before it was generated`);
    return { queued, called };
  };
}

interface Ask {
  readonly agent: Agent;
  readonly port: number;
  readonly secret: string;
  readonly body: Buffer;
}

function post({ agent, port, secret, body }: Ask): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${secret}`,
      'content-type': 'application/json',
      'content-length': body.length,
    };
    const sent = request({ agent, host: '127.0.0.1', port, path: '/v1/videos', method: 'POST', headers });
    sent.once('error', reject);
    sent.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.once('end', () => {
        if (response.statusCode === 200) resolve((JSON.parse(text) as { readonly id: string }).id);
        else reject(new Error(text));
      });
    });
    sent.end(body);
  });
}
