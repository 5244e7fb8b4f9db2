import { readFileSync } from 'node:fs';
import {
  API_FORMAT,
  type ReadWorkflow,
  readWorkflow,
  type WorkflowProblem,
} from '../adapters/backends/comfyui/read-workflow.ts';
import type { Workflow } from '../adapters/backends/comfyui/workflow.ts';
import type { BackendConfig } from '../config/backends/backend-config.ts';
import type { Mistake } from '../config/config-error.ts';
import { given } from './given.ts';

type ComfyuiConfig = Extract<BackendConfig, { readonly kind: 'comfyui' }>;

/** Everything that is wrong with the graph file of a backend, by the field of its entry. */
export function checkGraph(config: BackendConfig): readonly Mistake[] {
  if (config.kind !== 'comfyui') return [];
  const { graph } = config.entry;
  if (graph === undefined) return [];
  const { problems = [] } = read(config, graph);
  return problems.map(({ field, found, allowed }) => ({
    name: field,
    found: field === 'graph' ? `"${graph}", ${found}` : found,
    allowed: field === 'graph' ? allowed : `${allowed} (${graph})`,
  }));
}

/**
 * The backend's own graph, ready to be filled; undefined: it has none.
 *
 * @throws UnusableGraph when the file has changed since the configuration was checked
 */
export function graphOf(config: ComfyuiConfig): Workflow | undefined {
  const { graph } = config.entry;
  if (graph === undefined) return undefined;
  const { workflow } = read(config, graph);
  if (workflow === undefined) throw new UnusableGraph(`The graph ${graph} of backend ${config.name} cannot be used.`);
  return workflow;
}

export class UnusableGraph extends Error {
  override readonly name = 'UnusableGraph';
}

function read({ name, entry }: ComfyuiConfig, path: string): ReadWorkflow {
  const { fps, sizes, bind } = entry;
  const exported = readJson(path);
  if ('problem' in exported) return { problems: [exported.problem] };
  return readWorkflow({ name, exported: exported.json, ...given({ fps, sizes, bind: bind && given(bind) }) });
}

function readJson(path: string): { readonly json: unknown } | { readonly problem: WorkflowProblem } {
  const problem = (found: string) => ({ problem: { field: 'graph', found, allowed: API_FORMAT } as const });
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return problem('which cannot be read');
  }
  try {
    return { json: JSON.parse(text) };
  } catch {
    return problem('which is not JSON');
  }
}
