import type { Json } from '../../../domain/attempt.ts';
import type { ComfyuiClient } from './client.ts';
import { classesIn, problemsOf } from './problems.ts';
import { type Abilities, abilitiesOf } from './version.ts';
import type { Workflow } from './workflow.ts';

/** What an engine has, as it was when we looked. */
export interface Installed {
  readonly version: string;
  readonly device: string;
  readonly abilities: Abilities;
  /** What each workflow lacks, by its name; empty: it can be run. */
  readonly problems: ReadonlyMap<string, readonly string[]>;
}

/** Asks for the version, and for each node class of the workflows, which tells the model files too. */
export async function readInstallation(
  client: ComfyuiClient,
  workflows: readonly Workflow[],
  signal: AbortSignal,
): Promise<Installed> {
  const { version, device } = await client.system(signal);
  const kinds = classesIn(workflows);
  const classes = new Map<string, Readonly<Record<string, Json>> | undefined>();
  for (const kind of kinds) classes.set(kind, await client.nodeClass(kind, signal));
  const problems = new Map(workflows.map((workflow) => [workflow.name, problemsOf(workflow, classes)]));
  return { version, device, abilities: abilitiesOf(version), problems };
}

/** Those of the workflows that can be run, in their order. */
export function workflowFor(installed: Installed, candidates: readonly Workflow[]): readonly Workflow[] {
  return candidates.filter(({ name }) => installed.problems.get(name)?.length === 0);
}
