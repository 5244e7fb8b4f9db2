import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import S3rver from 's3rver';

/** A real S3-speaking server from npm, on a free port, with one bucket in a folder. */
export async function startS3rver(folder: string) {
  const bucket = 'from-npm';
  const server = new S3rver({
    port: 0,
    address: '127.0.0.1',
    silent: true,
    directory: folder,
    configureBuckets: [{ name: bucket, configs: [] }],
  });
  replaceAsAWhole(server);
  const { port } = await server.run();
  return {
    url: `http://127.0.0.1:${port}`,
    bucket,
    // The only account it knows.
    credentials: { id: 'S3RVER', secret: 'S3RVER' },
    close: () => server.close(),
  };
}

/**
 * S3 replaces an object as a whole. This server writes into the file that readers have open, and answers before it is
 * written; so its writing, and nothing else of it, is done for it.
 */
function replaceAsAWhole({ store }: S3rver): void {
  store.putObject = async ({ bucket, key, content, metadata }) => {
    const path = store.getResourcePath(bucket, key, 'object');
    const parts: Uint8Array[] = [];
    for await (const part of content instanceof Uint8Array ? [content] : content) parts.push(part);
    const body = Buffer.concat(parts);
    const md5 = createHash('md5').update(body).digest('hex');
    const beside = `${path}.${randomUUID()}`;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(beside, body);
    await rename(beside, path);
    await store.putMetadata(bucket, key, metadata, md5);
    return { size: body.length, md5 };
  };
}
