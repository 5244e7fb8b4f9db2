import type { Insertable, Selectable } from 'kysely';
import type { Attempt } from '../../../domain/attempt.ts';
import type { Generation } from '../../../domain/generation.ts';
import type { Video } from '../../../domain/video.ts';
import type { VideoTable } from './schema.ts';

/** Members of a video that have a column of their own, whole. */
type InColumns =
  | 'id'
  | 'owner'
  | 'status'
  | 'backend'
  | 'version'
  | 'worker'
  | 'dueAt'
  | 'deadlineAt'
  | 'createdAt'
  | 'completedAt'
  | 'expiresAt'
  | 'expired'
  | 'deletedAt';

/** The rest of the aggregate, as JSON. A new member of Video lands here by itself. */
interface Body extends Omit<Video, InColumns | 'generation' | 'attempt'> {
  readonly generation: Omit<Generation, 'model'>;
  readonly attempt: Omit<Attempt, 'state'> | null;
}

/** What rows lack that an earlier version wrote. */
const BODY_DEFAULTS = { late: null, charge: null } as const satisfies Partial<Body>;
const ATTEMPT_DEFAULTS = { fraction: 0, drain: null } as const satisfies Partial<Attempt>;

/** A row as it is selected. */
export type VideoRow = Selectable<VideoTable>;

/** The columns that `rowOf` fills. */
export const ROW_COLUMNS = [
  'id',
  'owner',
  'model',
  'status',
  'backend',
  'version',
  'worker',
  'attempt_state',
  'due_at',
  'deadline_at',
  'created_at',
  'completed_at',
  'expires_at',
  'expired',
  'deleted_at',
  'late_until',
  'body',
] as const satisfies readonly (keyof ReturnType<typeof rowOf>)[];

/** Domain → row. */
export function rowOf(video: Video): Omit<Insertable<VideoTable>, 'priority' | 'turn'> {
  const {
    id,
    owner,
    status,
    backend,
    version,
    worker,
    dueAt,
    deadlineAt,
    createdAt,
    completedAt,
    expiresAt,
    expired,
    deletedAt,
    generation: { model, ...generation },
    attempt,
    ...rest
  } = video;
  const { state, ...attemptBody } = attempt ?? { state: null };
  const body = { ...rest, generation, attempt: attempt === null ? null : attemptBody } as Body;
  return {
    id,
    owner,
    model,
    status,
    backend,
    version,
    worker,
    attempt_state: state,
    due_at: dueAt,
    deadline_at: deadlineAt,
    created_at: createdAt,
    completed_at: completedAt,
    expires_at: expiresAt,
    expired: expired ? 1 : 0,
    deleted_at: deletedAt,
    late_until: video.late?.until ?? null,
    body: JSON.stringify(body),
  };
}

/** Row → domain. */
export function videoOf(row: VideoRow): Video {
  const { generation, attempt, ...rest } = JSON.parse(row.body) as Body;
  return {
    ...BODY_DEFAULTS,
    ...rest,
    id: row.id,
    owner: row.owner,
    status: row.status,
    backend: row.backend,
    version: row.version,
    worker: row.worker,
    dueAt: row.due_at,
    deadlineAt: row.deadline_at,
    createdAt: row.created_at,
    completedAt: row.completed_at,
    expiresAt: row.expires_at,
    expired: row.expired === 1,
    deletedAt: row.deleted_at,
    generation: { ...generation, model: row.model },
    attempt:
      attempt === null || row.attempt_state === null
        ? null
        : { ...ATTEMPT_DEFAULTS, ...attempt, state: row.attempt_state },
  };
}
