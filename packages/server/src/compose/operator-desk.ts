import { openDiskArtifacts } from '../adapters/artifacts/disk.ts';
import { openS3Artifacts } from '../adapters/artifacts/s3/s3.ts';
import { systemClock } from '../adapters/system/clock.ts';
import { systemIds } from '../adapters/system/ids.ts';
import type { Config } from '../config/config.ts';
import { type OwnerId, readOwnerId } from '../domain/id.ts';
import { STATUSES, type Status, type Video } from '../domain/video.ts';
import type { BackendRecord } from '../ports/store.ts';
import { createOperations } from '../service/operations.ts';
import { filesOf } from './files.ts';
import { policyOf } from './policy.ts';
import { openStoreBeside } from './store-beside.ts';

export const STATUS_NAMES: readonly string[] = STATUSES;

/** A video as the command line shows it: what helps an operator, and nothing of what its owner sent. */
export interface ShownVideo {
  readonly id: string;
  readonly owner: string;
  readonly status: string;
  readonly phase: string | null;
  readonly progress: number;
  readonly model: string;
  readonly backend: string;
  readonly created_at: string;
  readonly completed_at: string | null;
  readonly due_at: string | null;
  readonly deadline_at: string | null;
  readonly held_by: string | null;
  readonly tries: Video['tries'];
  readonly attempt: { readonly id: string; readonly state: string; readonly drain: string | null } | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  /** What a peer still made after the deadline. */
  readonly late_result: { readonly file: string; readonly until: string } | null;
  readonly deleted: boolean;
}

export interface ShownBackend {
  readonly name: string;
  readonly state: string;
  readonly changed_at: string;
  /** When a process last said that it has this backend. */
  readonly seen_at: string | null;
}

type OrProblem<T> = T | { readonly problem: string };

/** A server's videos and backends, from beside it; the server may be running. */
export interface OperatorDesk {
  list(wish: {
    readonly owner: string;
    readonly status: string | undefined;
    readonly limit: number;
  }): Promise<OrProblem<readonly ShownVideo[]>>;
  show(id: string): Promise<OrProblem<ShownVideo>>;
  requeue(
    id: string,
    wish: { readonly owner: string | undefined; readonly priority: number | undefined },
  ): Promise<OrProblem<{ readonly how: 'given_back' | 'asked_again'; readonly video: ShownVideo }>>;
  /** Its result, or what came too late, to be read to its end. */
  file(id: string): Promise<OrProblem<{ readonly late: boolean; readonly stream: AsyncIterable<Uint8Array> }>>;
  backends(): Promise<readonly ShownBackend[]>;
  setBackend(name: string, state: 'open' | 'paused' | 'draining'): Promise<OrProblem<ShownBackend>>;
  close(): Promise<void>;
}

export async function openOperatorDesk(config: Config): Promise<OperatorDesk> {
  const store = await openStoreBeside(config);
  const bucket = config.s3 === undefined ? undefined : await openS3Artifacts(config.s3);
  const operations = createOperations({
    store,
    artifacts: bucket ?? (await openDiskArtifacts(filesOf(config.data.folder).artifacts)),
    clock: systemClock,
    ids: systemIds,
    policy: policyOf(config),
    // Workers in other processes look by themselves within two seconds.
    bell: { ring: () => undefined, listen: () => () => undefined },
  });
  return {
    async list({ owner, status, limit }) {
      const id = ownerOf(owner);
      if (typeof id !== 'string') return id;
      if (status !== undefined && !isStatus(status))
        return { problem: `--status: there is no status "${status}". Use ${STATUSES.join(', ')}.` };
      return (await operations.list(id, status, limit)).map(shown);
    },
    async show(id) {
      const video = await operations.show(id);
      return video === undefined ? { problem: `There is no video ${id}.` } : shown(video);
    },
    async requeue(id, { owner, priority }) {
      const wanted = owner === undefined ? undefined : ownerOf(owner);
      if (typeof wanted === 'object') return wanted;
      const answer = await operations.requeue(id, { owner: wanted, priority });
      return 'problem' in answer ? answer : { how: answer.how, video: shown(answer.video) };
    },
    async file(id) {
      const file = await operations.file(id);
      return 'problem' in file ? file : { late: file.late, stream: file.opened.stream };
    },
    backends: async () => (await operations.backends()).map(shownBackend),
    async setBackend(name, state) {
      const answer = await operations.setBackend(name, state);
      return 'problem' in answer ? answer : shownBackend(answer);
    },
    async close() {
      await bucket?.close();
      await store.close();
    },
  };
}

function ownerOf(name: string): OwnerId | { readonly problem: string } {
  return readOwnerId(name) ?? { problem: `--owner: there is no owner "${name}".` };
}

function isStatus(text: string): text is Status {
  return STATUSES.some((status) => status === text);
}

const instant = (at: number) => new Date(at).toISOString();
const instantOrNull = (at: number | null) => (at === null ? null : instant(at));

function shown(video: Video): ShownVideo {
  const { attempt, failure, late } = video;
  return {
    id: video.id,
    owner: video.owner,
    status: video.status,
    phase: video.phase,
    progress: Math.floor(video.progress * 100),
    model: video.generation.model,
    backend: video.backend,
    created_at: instant(video.createdAt),
    completed_at: instantOrNull(video.completedAt),
    due_at: instantOrNull(video.dueAt),
    deadline_at: instantOrNull(video.deadlineAt),
    held_by: video.worker,
    tries: video.tries,
    attempt: attempt === null ? null : { id: attempt.id, state: attempt.state, drain: attempt.drain },
    error: failure === null ? null : { code: failure.code, message: failure.message },
    late_result: late === null ? null : { file: late.video.key, until: instant(late.until) },
    deleted: video.deletedAt !== null,
  };
}

function shownBackend({ name, state, changedAt, seenAt }: BackendRecord): ShownBackend {
  return { name, state, changed_at: instant(changedAt), seen_at: seenAt === 0 ? null : instant(seenAt) };
}
