import type { PictureType } from './frame.ts';
import type { FileId, OwnerId } from './id.ts';
import type { Artifact } from './result.ts';
import type { Size } from './size.ts';

/** A picture uploaded once, to be used in `images` as often as its owner likes. Videos keep copies of their own. */
export interface StoredFile {
  readonly id: FileId;
  readonly owner: OwnerId;
  readonly createdAt: number;
  /** When it goes; null: when its owner deletes it. */
  readonly expiresAt: number | null;
  /** What the owner calls it. */
  readonly filename: string;
  /** A word of the owner's, echoed. */
  readonly purpose: string;
  readonly type: PictureType;
  /** Sides as stored, before any EXIF orientation. */
  readonly size: Size;
  readonly artifact: Artifact;
}

/** The folder of everything stored for a file. */
export function filePrefix(id: FileId): string {
  return `files/${id}/`;
}

export const FILE_LIMITS = {
  /** UTF-16 units. */
  filenameLength: 255,
  purposeLength: 64,
  /** The shortest and longest life a caller may give a file. */
  minLifeMs: 60_000,
  maxLifeMs: 365 * 86_400_000,
} as const;
