import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A web server on loopback that has some pictures. */
export interface PictureServer extends AsyncDisposable {
  readonly url: string;
  /** The paths that were asked for, in order. */
  readonly asked: readonly string[];
}

/** Serves bytes by path; anything else is 404. */
export async function servePictures(files: Readonly<Record<string, Uint8Array>>): Promise<PictureServer> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const file = files[path.slice(1)];
    if (file === undefined) response.writeHead(404, { 'content-type': 'text/plain' }).end('nothing here');
    else response.writeHead(200, { 'content-length': file.length, 'content-type': 'image/png' }).end(file);
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => {
        server.close(done);
      });
    },
  };
}
