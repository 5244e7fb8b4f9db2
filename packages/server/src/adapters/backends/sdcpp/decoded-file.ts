import { open, rename } from 'node:fs/promises';
import { Fault } from '../../../domain/fault.ts';
import { asStorageFailure } from '../../system/storage-full.ts';

/** A file that comes as base64, in pieces of any length. */
export interface DecodedFile {
  /** @throws Fault `storage_full`, and `damaged_output` beyond the limit */
  readonly add: (base64: string) => Promise<void>;
  /** Puts the file in its place; until then there is none. */
  finish(): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Opens a new file beside its place. */
export async function openDecoded(path: string, maxBytes: number): Promise<DecodedFile> {
  const part = `${path}.part`;
  const file = await open(part, 'w').catch((error: unknown) => {
    throw asStorageFailure(error);
  });
  // Four letters are three bytes; what is left of a piece waits for the next one.
  let letters = '';
  let size = 0;
  let isOpen = true;

  async function write(base64: string): Promise<void> {
    const bytes = Buffer.from(base64, 'base64');
    size += bytes.length;
    if (size > maxBytes)
      throw new Fault('damaged_output', 'The finished video is far too large.', { retryable: false });
    await file.writeFile(bytes).catch((error: unknown) => {
      throw asStorageFailure(error);
    });
  }

  async function close(): Promise<void> {
    if (isOpen) await file.close();
    isOpen = false;
  }

  return {
    close,
    async add(base64) {
      const all = letters + base64;
      const whole = all.length - (all.length % 4);
      letters = all.slice(whole);
      if (whole > 0) await write(all.slice(0, whole));
    },
    async finish() {
      if (letters !== '') await write(letters);
      await close();
      await rename(part, path);
    },
  };
}
