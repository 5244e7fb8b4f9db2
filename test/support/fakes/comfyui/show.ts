import type { Engine, Past, QueueItem } from './engine.ts';
import type { Traits } from './versions.ts';

/** How the engine's state is written on the wire. */

export function showItem({ number, id, graph, extra, outputs }: QueueItem): readonly unknown[] {
  return [number, id, graph, extra, outputs];
}

export function showPast({ item, outputs, status }: Past): object {
  const meta = Object.keys(outputs).map((id) => [
    id,
    { node_id: id, display_node: id, parent_node: null, real_node_id: id },
  ]);
  return { prompt: showItem(item), outputs, status, meta: Object.fromEntries(meta) };
}

/** A job of `/api/jobs`, or undefined. */
export function showJob(engine: Engine, id: string, traits: Traits): object | undefined {
  const item = engine.pending.find((each) => each.id === id);
  if (item !== undefined) return { id, status: 'pending', priority: item.number, create_time: item.createdAt };
  if (engine.running?.id === id) {
    const { number, createdAt } = engine.running;
    const times = { create_time: createdAt, execution_start_time: engine.startedAt() };
    return { id, status: 'in_progress', priority: number, ...times };
  }
  const past = engine.history.get(id);
  return past === undefined ? undefined : showPastJob(past, traits);
}

function showPastJob({ item, outputs, status, startedAt, endedAt }: Past, traits: Traits): object {
  const last = status.messages.at(-1);
  const interrupted = last?.[0] === 'execution_interrupted' && traits.cancelledWord;
  const word = status.completed ? 'completed' : interrupted ? 'cancelled' : 'failed';
  return {
    id: item.id,
    status: word,
    priority: item.number,
    create_time: item.createdAt,
    execution_start_time: startedAt,
    execution_end_time: endedAt,
    ...(last?.[0] === 'execution_error' ? { execution_error: last[1] } : {}),
    outputs_count: Object.keys(outputs).length,
    preview_output: null,
    outputs,
    execution_status: status,
    workflow: { prompt: item.graph, extra_data: item.extra },
  };
}

export function showSystem(version: string): object {
  const gigabyte = 1 << 30;
  return {
    system: {
      os: 'posix',
      ram_total: 64 * gigabyte,
      ram_free: 40 * gigabyte,
      comfyui_version: version,
      python_version: '3.12.11 (main)',
      pytorch_version: '2.8.0+cu128',
      embedded_python: false,
      argv: ['main.py', '--listen'],
    },
    devices: [
      {
        name: 'cuda:0 NVIDIA GeForce RTX 4090 : cudaMallocAsync',
        type: 'cuda',
        index: 0,
        vram_total: 24 * gigabyte,
        vram_free: 22 * gigabyte,
        torch_vram_total: 0,
        torch_vram_free: 0,
      },
    ],
  };
}
