/**
 * What travels over the IPC channel between a parent and its child. JSON, not structured clone: a child may be taken
 * over by a hostile picture, and JSON is the reader with the fewest surprises for the parent.
 */

/** Parent → child. `stop` is the polite request; the parent kills soon after. */
export type ToChild = { readonly kind: 'message'; readonly body: unknown } | { readonly kind: 'stop' };

/** Child → parent. `memory` comes each second and with every message; it is no sign of progress. */
export type FromChild =
  | { readonly kind: 'message'; readonly body: unknown; readonly residentBytes: number }
  | { readonly kind: 'memory'; readonly residentBytes: number };

/** Reads what a child sent; undefined for what no honest child sends. */
export function readFromChild(sent: unknown): FromChild | undefined {
  if (!isRecord(sent) || typeof sent['residentBytes'] !== 'number') return undefined;
  const residentBytes = sent['residentBytes'];
  if (sent['kind'] === 'memory') return { kind: 'memory', residentBytes };
  return sent['kind'] === 'message' ? { kind: 'message', body: sent['body'], residentBytes } : undefined;
}

/** Whether something is an object whose fields can be looked at. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
