import { type Input, type Models, type NodeClass, optionsOf } from './nodes.ts';
import type { Traits } from './versions.ts';

export interface GraphNode {
  readonly class_type?: unknown;
  readonly inputs?: Readonly<Record<string, unknown>>;
}
export type Graph = Readonly<Record<string, GraphNode>>;

export interface PromptError {
  readonly type: string;
  readonly message: string;
  readonly details: string;
  readonly extra_info: object;
}

export interface Validated {
  /** The output nodes that can be made; empty: the prompt is refused. */
  readonly outputs: readonly string[];
  readonly error: PromptError | null;
  readonly nodeErrors: Readonly<Record<string, NodeErrors>>;
}

interface NodeErrors {
  readonly errors: PromptError[];
  readonly dependent_outputs: string[];
  readonly class_type: string;
}

export interface Installation {
  readonly classes: ReadonlyMap<string, NodeClass>;
  readonly models: Models;
  readonly traits: Traits;
  /** Files in the root of the input folder. */
  pictures(): readonly string[];
  hasPicture(name: string): boolean;
}

/** Looks a graph over as ComfyUI does it before it queues anything: it never looks at `step`, nor inside the files. */
export function validateGraph(graph: Graph, installation: Installation): Validated {
  const refuse = (type: string, message: string, details: string, extra: object = {}): Validated => ({
    outputs: [],
    error: { type, message, details, extra_info: extra },
    nodeErrors: {},
  });
  const { classes, traits } = installation;
  for (const [id, node] of Object.entries(graph)) {
    const missing = traits.missingNodeType ? 'missing_node_type' : 'invalid_prompt';
    if (typeof node.class_type !== 'string') {
      return refuse(missing, 'Cannot execute because a node is missing the class_type property.', `Node ID '#${id}'`);
    }
    if (!classes.has(node.class_type)) {
      return refuse(
        missing,
        `Cannot execute because node ${node.class_type} does not exist.`,
        `Node ID '#${id}'`,
        traits.missingNodeType ? { node_id: id, class_type: node.class_type, node_title: node.class_type } : {},
      );
    }
  }
  const outputs = Object.keys(graph).filter((id) => classOf(graph, id, classes)?.isOutput === true);
  if (outputs.length === 0) return refuse('prompt_no_outputs', 'Prompt has no outputs', '');
  const nodeErrors: Record<string, NodeErrors> = {};
  const good = outputs.filter((output) => {
    const bad = Object.entries(errorsBelow(graph, output, installation));
    for (const [id, errors] of bad) {
      nodeErrors[id] ??= { errors, dependent_outputs: [], class_type: String(graph[id]?.class_type) };
      nodeErrors[id].dependent_outputs.push(output);
    }
    return bad.length === 0;
  });
  const error = {
    type: 'prompt_outputs_failed_validation',
    message: 'Prompt outputs failed validation',
    details: '',
    extra_info: {},
  };
  return { outputs: good, error: good.length === 0 ? error : null, nodeErrors };
}

/** Whether a value is a link to another node's output. */
export function linkOf(value: unknown): readonly [node: string, slot: number] | undefined {
  return Array.isArray(value) ? [String(value[0]), Number(value[1])] : undefined;
}

function classOf(graph: Graph, id: string, classes: Installation['classes']): NodeClass | undefined {
  return classes.get(String(graph[id]?.class_type));
}

/** The errors of a node and of everything it is made from. */
function errorsBelow(
  graph: Graph,
  start: string,
  installation: Installation,
  found: Record<string, PromptError[]> = {},
  path: readonly string[] = [],
): Record<string, PromptError[]> {
  if (path.includes(start)) {
    found[start] = [problem('dependency_cycle', 'Dependency cycle detected', path.join(' -> '), {})];
    return found;
  }
  const nodeClass = classOf(graph, start, installation.classes);
  if (nodeClass === undefined) {
    found[start] = [problem('exception_during_inner_validation', 'Exception when validating inner node', start, {})];
    return found;
  }
  const errors: PromptError[] = [];
  const values = graph[start]?.inputs ?? {};
  for (const [name, input] of Object.entries(nodeClass.inputs)) {
    const value = values[name];
    if (value === undefined) {
      if (input.optional !== true) {
        errors.push(problem('required_input_missing', 'Required input is missing', name, { input_name: name }));
      }
      continue;
    }
    const link = linkOf(value);
    if (link === undefined) {
      const wrong = valueError(name, input, value, installation);
      if (wrong !== undefined) errors.push(wrong);
      continue;
    }
    const wrong = linkError(graph, name, input, value as unknown[], installation);
    if (wrong !== undefined) errors.push(wrong);
    else errorsBelow(graph, link[0], installation, found, [...path, start]);
  }
  if (errors.length > 0) found[start] = errors;
  return found;
}

function linkError(
  graph: Graph,
  name: string,
  input: Input,
  value: readonly unknown[],
  { classes }: Installation,
): PromptError | undefined {
  const info = { input_name: name, input_config: [input.kind, {}], received_value: value };
  if (value.length !== 2) {
    return problem(
      'bad_linked_input',
      'Bad linked input, must be a length-2 list of [node_id, slot_index]',
      name,
      info,
    );
  }
  const [id, slot] = value;
  const given = classOf(graph, String(id), classes)?.outputs[Number(slot)];
  if (given === undefined) {
    return problem('exception_during_inner_validation', 'Exception when validating inner node', `'${id}'`, info);
  }
  if (given === input.kind) return undefined;
  return problem(
    'return_type_mismatch',
    'Return type mismatch between linked nodes',
    `${name}, received_type(${given}) mismatch input_type(${input.kind})`,
    { ...info, received_type: given, linked_node: value },
  );
}

function valueError(name: string, input: Input, value: unknown, installation: Installation): PromptError | undefined {
  const info = { input_name: name, input_config: [input.kind, {}], received_value: value };
  if (input.pictures === true) {
    if (installation.hasPicture(String(value))) return undefined;
    return problem(
      'custom_validation_failed',
      'Custom validation failed for node',
      `${name} - Invalid image file: ${value}`,
      info,
    );
  }
  if (input.kind === 'COMBO' || input.kind === 'DYNAMIC_COMBO') {
    const options = optionsOf(input, installation.models, installation.pictures());
    if (options.includes(String(value))) return undefined;
    const shown = options.length > 20 ? `(list of length ${options.length})` : `[${options.map(quoted).join(', ')}]`;
    return problem('value_not_in_list', 'Value not in list', `${name}: ${quoted(String(value))} not in ${shown}`, info);
  }
  if (input.kind !== 'INT' && input.kind !== 'FLOAT') return undefined;
  const number = Number(value);
  if (!Number.isFinite(number) || (input.kind === 'INT' && typeof value === 'string' && !/^-?\d+$/.test(value))) {
    return problem(
      'invalid_input_type',
      `Failed to convert an input value to a ${input.kind} value`,
      `${name}, ${value}, invalid literal`,
      info,
    );
  }
  if (input.min !== undefined && number < input.min) {
    return problem('value_smaller_than_min', `Value ${number} smaller than min of ${input.min}`, name, info);
  }
  if (input.max !== undefined && number > input.max) {
    return problem('value_bigger_than_max', `Value ${number} bigger than max of ${input.max}`, name, info);
  }
  return undefined;
}

const quoted = (text: string) => `'${text}'`;

function problem(type: string, message: string, details: string, extra: object): PromptError {
  return { type, message, details, extra_info: extra };
}
