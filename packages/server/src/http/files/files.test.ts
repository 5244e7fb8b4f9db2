import { describe, expect, it } from 'vitest';
import { bearer, png, type TestApp, testApp } from '../app.fixture.ts';
import { deletedFile, fileList, fileObject } from './schema.ts';

const dataUrl = (bytes: Uint8Array) => `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`;

function upload(test: TestApp, payload: object, key = test.alice) {
  return test.app.inject({ method: 'POST', url: '/v1/files', headers: bearer(key), payload });
}

/** A form as a browser sends it. */
async function uploadForm(test: TestApp, fill: (form: FormData) => void) {
  const form = new FormData();
  fill(form);
  const request = new Request('http://x', { method: 'POST', body: form });
  return test.app.inject({
    method: 'POST',
    url: '/v1/files',
    headers: { ...bearer(test.alice), 'content-type': request.headers.get('content-type') ?? '' },
    payload: Buffer.from(await request.arrayBuffer()),
  });
}

describe('uploading', () => {
  it('takes a form and JSON, and tells what came', async () => {
    await using test = await testApp();
    const bytes = png(1280, 720);
    const form = await uploadForm(test, (parts) => {
      parts.append('purpose', 'vision');
      parts.append('expires_after[anchor]', 'created_at');
      parts.append('expires_after[seconds]', '3600');
      parts.append('file', new File([bytes.slice()], 'kitten.png', { type: 'text/html' }));
    });
    const json = await upload(test, { file: dataUrl(bytes), filename: 'kitten.png', purpose: 'vision' });
    const [a, b] = [form, json].map((answer) => fileObject.parse(answer.json()));
    expect(a).toMatchObject({
      object: 'file',
      bytes: bytes.length,
      filename: 'kitten.png',
      purpose: 'vision',
      type: 'image/png',
      width: 1280,
      height: 720,
      created_at: 1_800_000_000,
      expires_at: 1_800_003_600,
    });
    expect(b).toEqual({ ...a, id: b?.id, expires_at: null });
    const content = await test.app.inject({ url: `/v1/files/${a?.id}/content`, headers: bearer(test.alice) });
    expect(content.rawPayload.equals(bytes)).toBe(true);
    expect(content.headers).toMatchObject({ 'content-type': 'image/png', etag: `"${a?.sha256}"` });
  });

  it.each([
    [{}, 'missing_field', 'file'],
    [{ file: 'https://example.com/a.png' }, 'invalid_request', 'file'],
    [{ file: 'x'.repeat(100) }, 'invalid_image', 'file'],
    [{ file: dataUrl(png(100, 100)) }, 'invalid_image', 'file'],
    [{ file: dataUrl(Buffer.from('<svg/>')) }, 'invalid_image', 'file'],
    [{ file: dataUrl(png(300, 300)), filename: 'x'.repeat(256) }, 'invalid_request', 'filename'],
    [{ file: dataUrl(png(300, 300)), purpose: 7 }, 'invalid_request', 'purpose'],
    [{ file: dataUrl(png(300, 300)), expires_after: { seconds: 5 } }, 'invalid_request', 'expires_after'],
    [{ file: dataUrl(png(300, 300)), expires_after: { seconds: 'x' } }, 'invalid_request', 'expires_after[seconds]'],
  ])('refuses %o', async (payload, code, param) => {
    await using test = await testApp();
    const answer = await upload(test, payload);
    expect([answer.statusCode, answer.json()]).toMatchObject([400, { error: { code, param } }]);
    expect(await test.store.files.list('alice' as never, { limit: 1, order: 'asc' })).toMatchObject({ items: [] });
  });
});

describe('a file', () => {
  it('stands for its picture, is listed, and outlives nothing', async () => {
    await using test = await testApp();
    const first = (await upload(test, { file: dataUrl(png(1280, 720)) })).json<{ id: string }>().id;
    test.advance(1);
    const last = (await upload(test, { file: dataUrl(png(720, 720)) })).json<{ id: string }>().id;
    const listed = await test.app.inject({ url: '/v1/files?limit=1', headers: bearer(test.alice) });
    expect(fileList.parse(listed.json())).toMatchObject({ data: [{ id: last }], has_more: true, last_id: last });
    const rest = await test.app.inject({ url: `/v1/files?after=${last}`, headers: bearer(test.alice) });
    expect(fileList.parse(rest.json())).toMatchObject({ data: [{ id: first }], has_more: false });

    const create = (images: readonly string[], key = test.alice) =>
      test.app.inject({
        method: 'POST',
        url: '/v1/videos',
        headers: bearer(key),
        payload: { model: 'wan2.2-kf2v-flash', images },
      });
    const made = await create([first, last]);
    expect(made.statusCode).toBe(200);
    const foreign = await create([first, last], test.bob);
    expect(foreign.json()).toMatchObject({ error: { code: 'invalid_image', param: 'images[0]' } });
    expect(foreign.json<{ error: { message: string } }>().error.message).toContain(`there is no file "${first}"`);

    const gone = await test.app.inject({ method: 'DELETE', url: `/v1/files/${first}`, headers: bearer(test.alice) });
    expect(deletedFile.parse(gone.json())).toEqual({ id: first, object: 'file', deleted: true });
    expect((await create([first, last])).statusCode).toBe(400);
    // The video made before has its own copy.
    const kept = await test.store.videos.input(made.json<{ id: string }>().id as never, 'first');
    expect(Buffer.from(kept ?? []).equals(png(1280, 720))).toBe(true);
  });

  it('makes the same ask as its bytes do', async () => {
    await using test = await testApp();
    const picture = dataUrl(png(1280, 720));
    const { id } = (await upload(test, { file: picture })).json<{ id: string }>();
    const create = (first: string) =>
      test.app.inject({
        method: 'POST',
        url: '/v1/videos',
        headers: { ...bearer(test.alice), 'idempotency-key': 'k' },
        payload: { model: 'wan2.2-kf2v-flash', images: [first, 'sample_last'] },
      });
    const one = await create(picture);
    const two = await create(id);
    expect(two.json<{ id: string }>().id).toBe(one.json<{ id: string }>().id);
    expect(two.headers['idempotency-replayed']).toBe('true');
  });
});
