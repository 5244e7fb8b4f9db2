import type { Artifact } from '../domain/result.ts';

/** Bytes to be read once: in memory, in a local file, or as they come. */
export type ByteSource =
  | { readonly bytes: Uint8Array }
  | { readonly path: string }
  | { readonly stream: AsyncIterable<Uint8Array> };

/** Reads an opened artifact to its end. Only for what is known to be small, such as one picture. */
export async function readWhole(opened: OpenedArtifact): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of opened.stream) parts.push(part);
  return Buffer.concat(parts);
}

/** Inclusive byte positions, as in HTTP. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** An opened artifact. `stream` must be read to its end or destroyed by aborting `signal` of the call that opened it. */
export interface OpenedArtifact {
  /** Size of the whole artifact in bytes. */
  readonly bytes: number;
  readonly stream: AsyncIterable<Uint8Array>;
}

/** What an address that leads straight to a stored file must say when it is asked. */
export interface LinkWish {
  readonly ttlMs: number;
  readonly type: string;
  /** The `Content-Disposition` of the answer. */
  readonly disposition: string;
}

/**
 * Stored files. Keys are `/`-separated segments of `[A-Za-z0-9._-]`, never starting with a dot; other keys throw.
 * What `put` resolved is durable, and is never seen half-written by anyone.
 */
export interface ArtifactStore {
  /** Stores and measures. Rejects with Fault `storage_full` when there is no room. */
  put(key: string, source: ByteSource, type: string, signal?: AbortSignal): Promise<Artifact>;
  /** Undefined when there is no such artifact. The range must lie inside it. */
  open(key: string, range?: ByteRange, signal?: AbortSignal): Promise<OpenedArtifact | undefined>;
  /** Idempotent. */
  remove(key: string): Promise<void>;
  /** Removes everything whose key starts with `prefix` (which ends in `/`). Idempotent. */
  removeAll(prefix: string): Promise<void>;
  /** Keys that start with `prefix`, with the time of their last write; for the sweep of orphans. */
  list(prefix: string): AsyncIterable<{ readonly key: string; readonly writtenAt: number }>;
  /** Bytes that can still be stored, where the store knows; undefined where it does not. */
  freeBytes(): Promise<number | undefined>;
  /** An address at which anybody can read the file for a while, without us in between; absent where there is none. */
  link?(key: string, wish: LinkWish): Promise<string>;
}
