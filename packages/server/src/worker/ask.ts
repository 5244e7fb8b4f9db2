import type { Attempt } from '../domain/attempt.ts';
import { Fault } from '../domain/fault.ts';
import { generationOf } from '../domain/plain-prompt.ts';
import type { Artifact, PreparedFrames } from '../domain/result.ts';
import type { Video } from '../domain/video.ts';
import type { ArtifactStore, ByteSource } from '../ports/artifacts.ts';
import type { GenerateAsk } from '../ports/backend.ts';

/** What a backend is told of an attempt, to begin it or to resume its operation. */
export function askOf(artifacts: ArtifactStore, video: Video, attempt: Attempt, prepared: PreparedFrames): GenerateAsk {
  return {
    attempt: attempt.id,
    video: video.id,
    generation: generationOf(video),
    prepared,
    frames: { first: lazily(artifacts, prepared.first), last: lazily(artifacts, prepared.last) },
    operation: attempt.operation,
  };
}

/** The frame is opened when the backend reads it, not before; what resumes an operation reads none. */
function lazily(artifacts: ArtifactStore, artifact: Artifact): ByteSource {
  return {
    stream: (async function* () {
      const opened = await artifacts.open(artifact.key);
      if (opened === undefined) throw new Fault('internal_error', 'A prepared frame is missing from storage.');
      yield* opened.stream;
    })(),
  };
}
