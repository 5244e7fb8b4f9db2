import type { Caller } from '../domain/api-key.ts';
import { Fault } from '../domain/fault.ts';
import { FILE_LIMITS, filePrefix, type StoredFile } from '../domain/file.ts';
import { type FileId, type OwnerId, readFileId } from '../domain/id.ts';
import { inspectPicture } from '../domain/picture/inspect.ts';
import type { Policy } from '../domain/policy.ts';
import { type ArtifactStore, type ByteRange, type OpenedArtifact, readWhole } from '../ports/artifacts.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import type { FilePage, FileStore, Slice } from '../ports/store.ts';
import type { DiskGuard } from './disk-guard.ts';
import { sha256 } from './fingerprint.ts';

/** A picture to keep. */
export interface FileAsk {
  readonly bytes: Uint8Array;
  readonly filename?: string | undefined;
  readonly purpose?: string | undefined;
  /** How long to keep it; absent: as long as the policy says. */
  readonly lifeMs?: number | undefined;
  /** The field the picture stands in, for messages. */
  readonly param: string;
}

/** Pictures uploaded once and used by name. Every call answers for one owner. */
export interface Files {
  /** @throws Fault that names the field, the limit and the remedy; then nothing was stored */
  upload(caller: Pick<Caller, 'owner'>, ask: FileAsk): Promise<StoredFile>;
  /** The same under a key of the caller's choice; undefined when the key was used before. */
  uploadAs(owner: OwnerId, key: string, ask: FileAsk): Promise<StoredFile | undefined>;
  /** @throws Fault `not_found`, the same for "not there", "expired" and "not yours" */
  find(caller: Pick<Caller, 'owner'>, id: string): Promise<StoredFile>;
  list(caller: Pick<Caller, 'owner'>, page: FilePage): Promise<Slice<StoredFile>>;
  delete(caller: Pick<Caller, 'owner'>, id: string): Promise<void>;
  open(file: StoredFile, range: ByteRange | undefined, signal?: AbortSignal): Promise<OpenedArtifact>;
  /** The bytes of a file that is named in `images`. @throws Fault `invalid_image` with `param` */
  picture(caller: Caller, name: FileName, param: string): Promise<Uint8Array>;
}

/** By id, or by the key it was uploaded under. */
export type FileName = { readonly file: FileId } | { readonly key: string };

export interface FilesParts {
  readonly files: FileStore;
  readonly artifacts: ArtifactStore;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'file'>;
  readonly disk: DiskGuard;
  readonly policy: Pick<Policy, 'fileTtlMs'>;
}

export function createFiles({ files, artifacts, clock, ids, disk, policy }: FilesParts): Files {
  async function store(id: FileId, owner: OwnerId, ask: FileAsk): Promise<StoredFile | undefined> {
    const { bytes, param } = ask;
    const { type, width, height } = inspectPicture(bytes, param);
    const filename = checkWord(ask.filename ?? 'picture', 'filename', FILE_LIMITS.filenameLength);
    const purpose = checkWord(ask.purpose ?? 'frame', 'purpose', FILE_LIMITS.purposeLength);
    const lifeMs = checkLife(ask.lifeMs) ?? policy.fileTtlMs;
    await disk.check();
    // The bytes first: a row never names what is not there, and bytes without a row are swept.
    const artifact = await artifacts.put(`${filePrefix(id)}${sha256(bytes).slice(0, 16)}`, { bytes }, type);
    const createdAt = clock.now();
    const file: StoredFile = {
      id,
      owner,
      createdAt,
      expiresAt: lifeMs === undefined ? null : createdAt + lifeMs,
      filename,
      purpose,
      type,
      size: { width, height },
      artifact,
    };
    return (await files.add(file)) ? file : undefined;
  }

  async function lookUp(owner: OwnerId, id: FileId | undefined): Promise<StoredFile | undefined> {
    const file = id === undefined ? undefined : await files.find(id, owner);
    return file === undefined || (file.expiresAt !== null && file.expiresAt <= clock.now()) ? undefined : file;
  }

  async function find(caller: Pick<Caller, 'owner'>, id: string): Promise<StoredFile> {
    const file = await lookUp(caller.owner, readFileId(id));
    if (file !== undefined) return file;
    throw new Fault('not_found', `There is no file "${id.slice(0, 60)}".`, { param: 'file' });
  }

  return {
    async upload({ owner }, ask) {
      const file = await store(ids.file(), owner, ask);
      if (file === undefined) throw new Error('an id was drawn twice');
      return file;
    },
    async uploadAs(owner, key, ask) {
      const id = idOfKey(owner, key);
      return (await files.exists(id)) ? undefined : store(id, owner, ask);
    },
    find,
    list: ({ owner }, page) => files.list(owner, page),
    async delete(caller, id) {
      const file = await find(caller, id);
      await files.remove(file.id);
      await artifacts.removeAll(filePrefix(file.id));
    },
    async open(file, range, signal) {
      const opened = await artifacts.open(file.artifact.key, range, signal);
      if (opened === undefined) throw new Fault('content_expired', 'The file was removed just now.');
      return opened;
    },
    async picture({ owner }, name, param) {
      const file = await lookUp(owner, 'file' in name ? name.file : idOfKey(owner, name.key));
      const opened = file === undefined ? undefined : await artifacts.open(file.artifact.key);
      if (opened !== undefined) return readWhole(opened);
      const called = 'file' in name ? `file "${name.file}"` : `upload "oss://${name.key.slice(0, 120)}"`;
      throw new Fault('invalid_image', `${param}: there is no ${called}. Uploads are kept for a time; send it again.`, {
        param,
      });
    },
  };
}

function checkWord(text: string, param: string, limit: number): string {
  if (text.length <= limit && text.isWellFormed() && !text.includes('\u0000')) return text;
  throw new Fault('invalid_request', `${param} must be text of at most ${limit} characters.`, { param });
}

function checkLife(lifeMs: number | undefined): number | undefined {
  const { minLifeMs, maxLifeMs } = FILE_LIMITS;
  if (lifeMs === undefined || (lifeMs >= minLifeMs && lifeMs <= maxLifeMs)) return lifeMs;
  throw new Fault(
    'invalid_request',
    `expires_after must be ${minLifeMs / 1000} to ${maxLifeMs / 1000} seconds after created_at.`,
    { param: 'expires_after' },
  );
}

const CROCKFORD = '0123456789abcdefghjkmnpqrstvwxyz';

/** An id that only this owner's use of this key gives: 130 bits of a hash, in the letters of every id. */
function idOfKey(owner: OwnerId, key: string): FileId {
  let rest = BigInt(`0x${sha256(`${owner}\n${key}`)}`);
  let text = '';
  for (let place = 0; place < 26; place += 1) {
    text += CROCKFORD.charAt(Number(rest & 31n));
    rest >>= 5n;
  }
  return `file_${text}` as FileId;
}
