/**
 * Renders with the real renderer, aborts midway and then does nothing: `node abort-child.ts <first> <last> <video>`.
 * Node ends by itself only when no thread and no handle is left. Prints the error it got.
 */
import { renderVideo } from '../src/index.ts';

const [first = '', last = '', video = ''] = process.argv.slice(2);
const controller = new AbortController();
const plan = { first, last, video, fps: 30, frames: 300, seed: 1, prompt: '', negativePrompt: '', threads: 2 };
try {
  await renderVideo(
    { ...plan, encoder: { kind: 'builtin' } },
    {
      signal: controller.signal,
      onProgress: ({ framesDone }) => {
        if (framesDone === 7) controller.abort(new Error('enough'));
      },
    },
  );
  process.stdout.write('finished');
} catch (error) {
  process.stdout.write(error instanceof Error ? error.message : String(error));
}
