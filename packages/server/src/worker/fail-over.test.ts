import { describe, expect, it } from 'vitest';
import { createStage, type StageOptions } from '../../../../test/support/stage.ts';
import { Fault } from '../domain/fault.ts';

const away = (details = {}) => new Fault('backend_unavailable', 'The service does not answer.', details);
const misconfigured = () => new Fault('backend_misconfigured', 'The key is refused.');

async function opened(options: StageOptions = {}) {
  const stage = createStage({ remote: true, ...options });
  await stage.running();
  return stage;
}

describe('a video that its backend refused before it accepted anything', () => {
  it.each([
    ['is away', away],
    ['is not set up', misconfigured],
  ])('goes to the next backend when the first one %s, and nothing is counted', async (_, fault) => {
    const { backend, second, submit, until } = await opened({ second: true });
    backend.script.push({ do: 'fail', fault: fault() });
    const done = await until(await submit(), 'succeeded', 10_000);
    expect(done).toMatchObject({ backend: 'second', tries: { begun: 2, faults: 0 } });
    expect([backend.calls.length, second?.calls.length]).toEqual([1, 1]);
  });

  it('stays where it is refused for what it is', async () => {
    const { backend, second, submit, until } = await opened({ second: true });
    backend.script.push({ do: 'fail', fault: new Fault('content_rejected', 'Not this picture.') });
    const done = await until(await submit(), 'failed', 10_000);
    expect(done.failure?.code).toBe('content_rejected');
    expect(second?.calls).toEqual([]);
  });

  it('stays when nobody knows whether it was accepted', async () => {
    const { backend, second, submit, until } = await opened({ second: true, capabilities: { billed: true } });
    backend.script.push({ do: 'fail', fault: away({ attemptGoesOn: true }) });
    const done = await until(await submit(), 'failed', 10_000);
    expect(done.failure?.code).toBe('submission_unknown');
    expect(second?.calls).toEqual([]);
  });

  it('stays once it was accepted, whatever then happens', async () => {
    const { backend, second, submit, until } = await opened({ second: true });
    backend.script.push({ do: 'operation', ms: 1_000, end: away() });
    const done = await until(await submit(), 'succeeded', 120_000);
    expect(done.backend).toBe(backend.name);
    expect(second?.calls).toEqual([]);
  });

  it('waits for the only backend there is, longer each time, and never for ever', async () => {
    const { backend, submit, until, clock, row } = await opened();
    backend.usually = { do: 'fail', fault: away() };
    const video = await submit();
    await clock.advance(600_000);
    const waiting = await row(video);
    expect(waiting).toMatchObject({ status: 'running', phase: 'retrying', tries: { faults: 0 } });
    expect(backend.calls.length).toBeGreaterThan(5);
    expect(backend.calls.length).toBeLessThan(30);
    backend.usually = { do: 'succeed' };
    await until(video, 'succeeded', 120_000);
  });

  it('is asked again when the backend says so', async () => {
    const { backend, submit, until, clock } = await opened();
    backend.script.push({ do: 'fail', fault: away({ retryAfterMs: 45_000 }) });
    const startedAt = clock.now();
    await until(await submit(), 'succeeded', 60_000);
    expect(clock.now() - startedAt).toBeGreaterThanOrEqual(45_000);
  });

  it('gives up after it has waited as long as a video may', async () => {
    const { backend, submit, until } = await opened({ policy: { queuedDeadlineMs: 300_000 } });
    backend.usually = { do: 'fail', fault: away() };
    const done = await until(await submit(), 'failed', 900_000);
    expect(done.failure?.code).toBe('backend_unavailable');
  });

  it('fails at once where nobody else makes it and the only backend is not set up', async () => {
    const { backend, submit, until } = await opened();
    backend.usually = { do: 'fail', fault: misconfigured() };
    const done = await until(await submit(), 'failed', 5_000);
    expect(done.failure?.code).toBe('backend_misconfigured');
    expect(backend.calls).toHaveLength(1);
  });
});
