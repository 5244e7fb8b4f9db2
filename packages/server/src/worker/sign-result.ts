import type { Json } from '../domain/attempt.ts';
import type { VideoId } from '../domain/id.ts';
import type { Backend } from '../ports/backend.ts';
import type { Provenance } from '../ports/provenance.ts';

interface Unsigned {
  readonly video: { readonly path: string };
  readonly report: Readonly<Record<string, Json>>;
}

/** The finished file signed beside itself, and told in its labels; as it is where nothing is signed. */
export async function signResult<T extends Unsigned>(
  provenance: Provenance | undefined,
  video: VideoId,
  { capabilities: { generative } }: Pick<Backend, 'capabilities'>,
  finished: T,
  signal: AbortSignal,
): Promise<T> {
  if (provenance === undefined) return finished;
  const input = finished.video.path;
  const output = `${input}.signed.mp4`;
  const { signer, sourceType } = await provenance.sign({ video, input, output, generative }, signal);
  const { labels } = finished.report;
  const others = typeof labels === 'object' && labels !== null && !Array.isArray(labels) ? labels : {};
  const c2pa = { signer, digital_source_type: sourceType };
  return { ...finished, video: { path: output }, report: { ...finished.report, labels: { ...others, c2pa } } };
}
