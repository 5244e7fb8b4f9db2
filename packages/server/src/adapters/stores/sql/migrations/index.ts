import { first } from './0001-first.ts';

/** One step of the schema: its statements, given what differs between the databases. */
export type Migration = (types: { readonly blobType: string }) => readonly string[];

/** All steps in order; the n-th leads to schema version n. A released step never changes. */
export const MIGRATIONS: readonly Migration[] = [first];
