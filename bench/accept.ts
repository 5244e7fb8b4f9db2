/**
 * What accepting and showing videos costs, without rendering them.
 *
 *   npx --no-install node bench/accept.ts [--quick] [--only commits,creates,reads,admission,idle]
 *                                         [--profiles folder] [--folder folder]
 *
 * Prints one JSON object on standard output and a short table beside it. Rates are held against something bare that runs
 * in the same process in turns with ours, so that a busy machine slows both; the load average tells how busy it was.
 * `--folder` is where the data goes meanwhile: what a commit costs is mostly the disk's business.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { measureAdmission } from './accept/admission.ts';
import { createBody } from './accept/ask.ts';
import { type Figure, load, met, table } from './accept/figures.ts';
import { measureIdle } from './accept/idle.ts';
import { type Bench, countCommits, measureCreates, measureReads, openBench } from './accept/rates.ts';

const PARTS = ['commits', 'creates', 'reads', 'admission', 'idle'] as const;
type PartName = (typeof PARTS)[number];

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: PARTS.join(',') },
    profiles: { type: 'string' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const chosen = values.only.split(',');
const unknown = chosen.find((name) => !PARTS.some((part) => part === name));
if (unknown !== undefined) throw new Error(`--only: there is no "${unknown}"; there are ${PARTS.join(', ')}`);
const size = values.quick
  ? { ms: 700, rounds: 3, videos: 12, starts: 3, idleMs: 3_000 }
  : { ms: 1_500, rounds: 7, videos: 60, starts: 5, idleMs: 6_000 };
if (values.profiles !== undefined) await mkdir(values.profiles, { recursive: true });

const folder = await mkdtemp(join(resolve(values.folder), 'inbetween-accept-'));
const body = await createBody();
const sections: Record<string, { readonly load: number; readonly figures: readonly Figure[] }> = {};
try {
  // First, while this process has left nothing in the page cache that others would be slowed by writing out.
  await section('admission', async () => measureAdmission(await folderFor('all'), body, size.videos));
  await section('idle', async () => measureIdle(await folderFor('idle'), size));
  if (['commits', 'creates', 'reads'].some((name) => chosen.includes(name))) await measureRates();
} finally {
  await rm(folder, { recursive: true, force: true });
}
report();

async function measureRates(): Promise<void> {
  const profiles = values.profiles === undefined ? undefined : resolve(values.profiles);
  const bench: Bench = await openBench(await folderFor('api'), { ...size, body, profiles });
  try {
    await section('commits', () => countCommits(bench));
    await section('reads', async () => [
      ...(await measureReads(bench, 'pending')),
      ...(await measureReads(bench, 'queued')),
      ...(await measureReads(bench, 'succeeded')),
    ]);
    await section('creates', () => measureCreates(bench));
  } finally {
    await bench.load.stop();
    await bench.api.stop();
  }
}

async function section(name: PartName, measure: () => Promise<readonly Figure[]>): Promise<void> {
  if (!chosen.includes(name)) return;
  const before = load();
  const figures = await measure();
  sections[name] = { load: Math.max(before, load()), figures };
}

async function folderFor(name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  return path;
}

function report(): void {
  const missed = Object.values(sections).flatMap(({ figures }) => figures.filter((figure) => met(figure) === false));
  const result = { node: process.version, quick: values.quick, sections, missed: missed.map(({ name }) => name) };
  console.log(JSON.stringify(result, undefined, 2));
  for (const [name, { load: busy, figures }] of Object.entries(sections))
    console.error(`\n${name} (load ${busy})\n${table(figures)}`);
}
