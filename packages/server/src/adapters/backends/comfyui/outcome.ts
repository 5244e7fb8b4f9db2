import { Fault } from '../../../domain/fault.ts';
import { stoppedThere } from '../remote/reply-fault.ts';
import { engineFailed } from '../self-hosted.ts';
import type { EngineFile, Finished } from './client.ts';

/** How a prompt ended. */
export type Outcome =
  | { readonly end: 'file'; readonly file: EngineFile }
  | { readonly end: 'out_of_memory'; readonly fault: Fault }
  | { readonly end: 'fault'; readonly fault: Fault };

/** Reads what the history says of a finished prompt. */
export function outcomeOf(finished: Finished, folder: string): Outcome {
  if (finished.succeeded) {
    const file = savedFile(finished, folder);
    if (file !== undefined) return { end: 'file', file };
    return { end: 'fault', fault: engineFailed(`no file in ${JSON.stringify(finished.outputs)}`) };
  }
  const [event, facts] = finished.messages.findLast(([name]) => /interrupted|error/.test(name)) ?? ['', {}];
  if (event === 'execution_interrupted') return { end: 'fault', fault: stoppedThere('ComfyUI') };
  const words = ['node_type', 'exception_type', 'exception_message'].map((name) => String(facts[name] ?? ''));
  if (/OutOfMemory/.test(words[1] ?? '')) {
    const message = 'The service that makes the video ran out of memory.';
    // It had its second chance already; a third one would end the same way.
    const fault = new Fault('backend_failed', message, { cause: new Error(words.join(': ')), retryable: false });
    return { end: 'out_of_memory', fault };
  }
  return { end: 'fault', fault: engineFailed(words.join(': ')) };
}

/** The saved video among the outputs: nodes show theirs as `images`, `gifs` or `videos`. */
function savedFile({ outputs }: Finished, folder: string): EngineFile | undefined {
  const files = Object.values(outputs)
    .flatMap((shown) => Object.values(shown))
    .flatMap((list) => (Array.isArray(list) ? list : []))
    .filter(isFile);
  // Our own folder: a graph may save other things beside the video.
  const ours = files.filter(
    ({ subfolder, type }) => type === 'output' && subfolder.split(/[\\/]/).join('/') === folder,
  );
  return ours.find(({ filename }) => /\.(mp4|webm|mkv|mov|avi)$/i.test(filename));
}

function isFile(value: unknown): value is EngineFile {
  if (typeof value !== 'object' || value === null) return false;
  const { filename, subfolder, type } = value as Record<string, unknown>;
  return typeof filename === 'string' && typeof subfolder === 'string' && typeof type === 'string';
}
