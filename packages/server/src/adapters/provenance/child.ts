/** Entry of a signing child: the key is read here and goes with it, and what native code breaks is broken here. */
import { readFile } from 'node:fs/promises';
import { childMain } from '../system/child-main.ts';
import { CredentialsError, readCredentials } from './credentials.ts';
import { LibraryMissing, loadLibrary } from './library.ts';
import { manifestOf } from './manifest.ts';
import type { SentAnswer, SentOrder } from './protocol.ts';

childMain('sign', async (body, { send }) => send(await carryOut(body as SentOrder)));

async function carryOut(order: SentOrder): Promise<SentAnswer> {
  try {
    const [chain, key] = await Promise.all([read(order.certificate), read(order.key)]);
    const credentials = readCredentials(chain.toString(), key.toString(), order.now);
    const library = await loadLibrary(order.library);
    const signer = library.LocalSigner.newSigner(chain, key, credentials.algorithm);
    if (order.kind === 'check') {
      const manifest = manifestOf('check', 'algorithmicMedia', 'image/png');
      const input = { buffer: ONE_PIXEL, mimeType: 'image/png' };
      library.Builder.withJson(manifest).sign(signer, input, { buffer: null, mimeType: 'image/png' });
    } else {
      const asset = (path: string) => ({ path, mimeType: 'video/mp4' });
      const manifest = manifestOf(order.video, order.sourceType, 'video/mp4');
      library.Builder.withJson(manifest).sign(signer, asset(order.input), asset(order.output));
    }
    return { kind: 'signed', signer: credentials.signer };
  } catch (error) {
    return { kind: 'problem', reason: reasonOf(error) };
  }
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    throw new CredentialsError(`${path} cannot be read (${code})`, { cause: error });
  }
}

/** Ours are written for the operator; the library's name what it does not like of the certificate. */
function reasonOf(error: unknown): string {
  if (error instanceof CredentialsError || error instanceof LibraryMissing) return error.message;
  return `the library refused: ${error instanceof Error ? error.message : String(error)}`.slice(0, 1_000);
}

/** A PNG of one pixel, to try the signature on at the start. */
const ONE_PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
