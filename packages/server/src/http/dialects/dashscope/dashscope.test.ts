import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FAULTS, Fault, type FaultCode } from '../../../domain/fault.ts';
import { bearer, png, testApp } from '../../app.fixture.ts';
import { anyVideo } from '../any-video.fixture.ts';
import { goldenFiles, replay } from '../golden.fixture.ts';
import { DASHSCOPE_ERRORS } from './faults.ts';
import { taskObject } from './schema.ts';
import { readCreate, readStamp, showTask } from './translate.ts';

describe('golden files', () => {
  it.each(goldenFiles(join(import.meta.dirname, 'golden')))('%s', async (_name, golden) => {
    await using test = await testApp();
    await replay(test, golden);
  });
});

describe('in the words of DashScope', () => {
  it('every video that can come about is one that the schema accepts', () => {
    fc.assert(
      fc.property(anyVideo(), (video) => {
        taskObject.strict().parse(JSON.parse(JSON.stringify(showTask(video, 'r', () => 'http://127.0.0.1/a'))));
      }),
    );
  });

  it('every fault has a code and a status', () => {
    for (const code of Object.keys(FAULTS) as FaultCode[]) {
      const { status, word } = DASHSCOPE_ERRORS.of(code);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(word).toMatch(/^[A-Z][A-Za-z.]+$/);
      const body = DASHSCOPE_ERRORS.body(new Fault(code, 'words'), 'r');
      expect(body).toEqual({ code: word, message: 'words', request_id: 'r' });
      DASHSCOPE_ERRORS.schema.parse(body);
    }
  });

  it('cuts what is too long, by characters', () => {
    const input = { prompt: '猫🐈'.repeat(500), first_frame_url: 'a', last_frame_url: 'b' };
    const { generation } = readCreate({ model: 'm', input }, undefined);
    expect([...(generation.prompt ?? '')]).toHaveLength(800);
    expect(generation.prompt).toBe('猫🐈'.repeat(400));
  });

  it('reads its time', () => {
    expect(readStamp('20270115160000')).toBe(1_800_000_000_000);
    expect(readStamp('2027')).toBeUndefined();
  });
});

describe('an upload', () => {
  it("goes only where its policy says, and is its owner's alone", async () => {
    await using test = await testApp();
    const policy = await test.app.inject({
      url: '/api/v1/uploads?action=getPolicy&model=m',
      headers: bearer(test.alice),
    });
    const { upload_dir: dir, upload_host: host } = policy.json<{ data: Record<string, string> }>().data;
    const post = async (key: string, to = host ?? '', headers: Record<string, string> = {}) => {
      const form = new FormData();
      form.append('key', key);
      form.append('file', new File([png(300, 300).slice()], 'a.png'));
      const request = new Request('http://x', { method: 'POST', body: form });
      const type = request.headers.get('content-type') ?? '';
      return test.app.inject({
        method: 'POST',
        url: to,
        headers: { 'content-type': type, ...headers },
        payload: Buffer.from(await request.arrayBuffer()),
      });
    };
    expect((await post(`${dir}/a.png`)).statusCode).toBe(200);
    expect((await post(`${dir}/a.png`)).statusCode).toBe(409);
    expect((await post('inbetween/alice/else/a.png')).statusCode).toBe(400);
    expect((await post(`${dir}/b.png`, host?.replace(/sig=.*/, 'sig=x'))).statusCode).toBe(403);
    expect((await post(`${dir}/b.png`, host?.replace('/alice/', '/bob/'))).statusCode).toBe(403);
    expect((await post(`${dir}/b.png`, host?.replace(/\?.*/, ''), bearer(test.alice))).statusCode).toBe(404);
    const create = (key: string) =>
      test.app.inject({
        method: 'POST',
        url: '/api/v1/services/aigc/image2video/video-synthesis',
        headers: { ...bearer(key), 'x-dashscope-async': 'enable' },
        payload: {
          model: 'wan2.2-kf2v-flash',
          input: { first_frame_url: `oss://${dir}/a.png`, last_frame_url: `oss://${dir}/a.png` },
        },
      });
    expect((await create(test.alice)).statusCode).toBe(200);
    expect((await create(test.bob)).statusCode).toBe(400);
    test.advance(48 * 3_600_000);
    expect((await create(test.alice)).statusCode).toBe(400);
  });
});
