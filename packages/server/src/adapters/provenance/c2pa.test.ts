import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSigned } from '../../../../../test/support/fakes/c2pa-node.ts';
import { createQuietLog } from '../../../../../test/support/fakes.ts';
import type { VideoId } from '../../domain/id.ts';
import { systemClock } from '../system/clock.ts';
import { type C2paOptions, createC2pa } from './c2pa.ts';
import { CHAIN, credentialFiles, PRIVATE_KEY, ROOT_ALONE } from './credentials.fixture.ts';

/** The library here is a fake of the same shape; with the real one it is tried by hand (docs/compliance.md). */
const FAKE = new URL('../../../../../test/support/fakes/c2pa-node.ts', import.meta.url).href;
const VIDEO = 'video_01m8bqax4tdw3gq25dkdra8a4c' as VideoId;
const { signal } = new AbortController();

async function opened(options: Partial<C2paOptions> = {}, chain = CHAIN, key = PRIVATE_KEY) {
  const files = await credentialFiles(chain, key);
  const log = createQuietLog();
  const { certificate, key: path } = files;
  const provenance = createC2pa({ certificate, key: path, clock: systemClock, log, library: FAKE, ...options });
  return { ...files, log, provenance };
}

const problemOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) => String(error),
  );

describe('at the start', () => {
  it('signs something, and says in whose name', async () => {
    await using stage = await opened();
    await stage.provenance.check(signal);
    expect(stage.log.of('info')).toMatchObject([{ facts: { signer: 'Inbetween test signer' } }]);
  });

  it('says how to get the library when it is not there', async () => {
    await using stage = await opened({ library: '@contentauth/not-there' });
    expect(await problemOf(stage.provenance.check(signal))).toBe(
      'ProvenanceError: C2PA: @contentauth/c2pa-node signs, and it is not installed. Beside the server: npm install --no-save --ignore-scripts @contentauth/c2pa-node@0.5.5 (its native code is for x64 Linux; for other machines leave out --ignore-scripts).',
    );
  });

  it('says so when there is another package, or its native code does not load', async () => {
    await using other = await opened({ library: 'node:path' });
    expect(await problemOf(other.provenance.check(signal))).toContain('has another shape than 0.5.5');
    const broken = join(other.folder, 'broken.mjs');
    await writeFile(broken, 'throw new Error("invalid ELF header");');
    await using stage = await opened({ library: broken });
    expect(await problemOf(stage.provenance.check(signal))).toContain('it does not load on this machine');
  });

  it.each([
    ['a key that is not there', { key: '/nowhere/key.pem' }, CHAIN, 'key.pem cannot be read (ENOENT)'],
    ['a certificate that is not there', { certificate: '/nowhere/chain.pem' }, CHAIN, 'cannot be read (ENOENT)'],
    ['a chain that begins with the root', {}, ROOT_ALONE, 'does not belong to the certificate'],
  ])('tells %s', async (_what, options, chain, problem) => {
    await using stage = await opened(options, chain);
    expect(await problemOf(stage.provenance.check(signal))).toContain(problem);
  });

  it('never tells the key', async () => {
    await using stage = await opened({}, CHAIN, `${PRIVATE_KEY}tail`);
    const told = await problemOf(stage.provenance.check(signal));
    expect(told + JSON.stringify(stage.log.lines)).not.toContain(PRIVATE_KEY.split('\n')[1]);
  });
});

describe('a finished file', () => {
  it.each([
    [true, 'trainedAlgorithmicMedia'],
    [false, 'algorithmicMedia'],
  ])('of a generative backend (%s) is signed as %s', async (generative, sourceType) => {
    await using stage = await opened();
    const [input, output] = [join(stage.folder, 'in.mp4'), join(stage.folder, 'out.mp4')];
    await writeFile(input, 'the file');
    const signed = await stage.provenance.sign({ video: VIDEO, input, output, generative }, signal);
    expect(signed).toEqual({ signer: 'Inbetween test signer', sourceType });
    const file = await readFile(output);
    expect(file.subarray(0, 8).toString()).toBe('the file');
    expect(readSigned(file)?.manifest).toEqual({
      claim_generator_info: [{ name: 'Inbetween' }],
      title: VIDEO,
      format: 'video/mp4',
      assertions: [
        {
          label: 'c2pa.actions.v2',
          data: {
            actions: [
              {
                action: 'c2pa.created',
                digitalSourceType: `http://cv.iptc.org/newscodes/digitalsourcetype/${sourceType}`,
                softwareAgent: { name: 'Inbetween' },
              },
            ],
          },
        },
      ],
    });
    file[0] = 0;
    expect(readSigned(file)).toBeUndefined();
    expect(await readFile(input, 'utf8')).toBe('the file');
  });

  it('that cannot be signed is an error, never an unsigned file', async () => {
    await using stage = await opened();
    const order = { video: VIDEO, input: join(stage.folder, 'none.mp4'), output: join(stage.folder, 'out.mp4') };
    expect(await problemOf(stage.provenance.sign({ ...order, generative: true }, signal))).toContain(
      'the library refused',
    );
    await expect(readFile(order.output)).rejects.toThrow('ENOENT');
    const later = { now: () => Date.parse('2200-01-01'), sleep: systemClock.sleep };
    await using expired = await opened({ clock: later });
    expect(await problemOf(expired.provenance.sign({ ...order, generative: true }, signal))).toContain(
      'expired at 2126',
    );
  });

  it('costs a child, not the server, when the library dies', async () => {
    await using stage = await opened();
    const dying = join(stage.folder, 'dying.mjs');
    await writeFile(
      dying,
      'export const LocalSigner = { newSigner: () => process.kill(process.pid, "SIGSEGV") }; export const Builder = { withJson: () => ({}) };',
    );
    const { certificate, key } = stage;
    const provenance = createC2pa({ certificate, key, clock: systemClock, log: stage.log, library: dying });
    expect(await problemOf(provenance.check(signal))).toContain('ended without an answer');
  });

  it('is let go of at once when the worker stops', async () => {
    await using stage = await opened();
    const hanging = join(stage.folder, 'hanging.mjs');
    await writeFile(hanging, 'await new Promise((done) => setTimeout(done, 60_000));');
    const { certificate, key } = stage;
    const provenance = createC2pa({ certificate, key, clock: systemClock, log: stage.log, library: hanging });
    const stop = new AbortController();
    const running = provenance.check(stop.signal);
    setTimeout(() => stop.abort(new Error('stopping')), 50);
    await expect(running).rejects.toThrow('stopping');
  });
});
