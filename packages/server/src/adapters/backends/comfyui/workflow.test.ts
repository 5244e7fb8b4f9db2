import { describe, expect, it } from 'vitest';
import { sampleGraph } from '../../../../../../test/support/fakes/comfyui/sample-graph.ts';
import { framesFor } from '../self-hosted.ts';
import { PRESET_NAMES, PRESETS, presetsFor } from './presets.ts';
import { type BindWish, readWorkflow } from './read-workflow.ts';
import { abilitiesOf } from './version.ts';
import { type Filling, fillGraph, samplerSteps } from './workflow.ts';

const FILLING: Filling = {
  first: 'inbetween/a.png',
  last: 'inbetween/b.png',
  prompt: 'a walk',
  negative: 'mist',
  width: 832,
  height: 464,
  seconds: 5,
  seed: 77,
  prefix: 'inbetween/id/out',
};

describe('the presets', () => {
  it.each(PRESET_NAMES)('%s puts each part of an ask in its place', (name) => {
    const graph = fillGraph(PRESETS[name], FILLING);
    expect(graph).toMatchObject({
      first: { class_type: 'LoadImage', inputs: { image: 'inbetween/a.png' } },
      last: { class_type: 'LoadImage', inputs: { image: 'inbetween/b.png' } },
      positive: { inputs: { text: 'a walk' } },
      negative: { inputs: { text: 'mist' } },
      between: {
        inputs: { width: 832, height: 464, length: 81, start_image: ['first', 0], end_image: ['last', 0] },
      },
      video: { inputs: { fps: 16 } },
      save: { inputs: { filename_prefix: 'inbetween/id/out' } },
    });
    expect(JSON.stringify(graph).match(/77/g)).toHaveLength(1);
    // Filling must not write into the preset itself.
    expect(JSON.stringify(PRESETS[name])).not.toContain('a walk');
    for (const { inputs } of Object.values(graph)) {
      for (const value of Object.values(inputs)) {
        if (Array.isArray(value)) expect(graph).toHaveProperty(String(value[0]));
      }
    }
  });

  it('plan the steps of ComfyUI’s own templates', () => {
    const steps = PRESET_NAMES.map((name) => [name, samplerSteps(PRESETS[name].graph)]);
    expect(Object.fromEntries(steps)).toEqual({
      'wan22-flf2v': { high_steps: 10, low_steps: 10 },
      'wan22-flf2v-4step': { high_steps: 2, low_steps: 2 },
      'wan21-flf2v': { steps: 20 },
      'wan21-fun-inp-1.3b': { steps: 20 },
    });
  });

  it('stand for both models, each with its own first', () => {
    expect(presetsFor('wan2.1-kf2v-plus')[0]?.name).toBe('wan21-flf2v');
    expect(presetsFor('wan2.2-kf2v-flash')[0]?.name).toBe('wan22-flf2v-4step');
  });
});

describe('filling', () => {
  it('snaps sides to 16 and lengths to 4n+1', () => {
    const { between } = fillGraph(PRESETS['wan22-flf2v'], { ...FILLING, width: 1283, height: 10, seconds: 4.9 });
    expect(between?.inputs).toMatchObject({ width: 1280, height: 16, length: 81 });
    expect([1, 2, 3, 5].map((seconds) => framesFor(seconds, 16))).toEqual([17, 33, 49, 81]);
    expect([framesFor(5, 24), framesFor(0.01, 16)]).toEqual([121, 5]);
  });
});

const GRAPH = sampleGraph({ first: 'first.png', last: 'last.png' });
const read = (exported: unknown, bind?: BindWish) =>
  readWorkflow({ name: 'mine', exported, ...(bind === undefined ? {} : { bind }) });

const told = (exported: unknown, bind?: BindWish) =>
  read(exported, bind).problems?.map(({ field, found, allowed }) => `${field}: found ${found}; allowed is ${allowed}`);

describe('a graph of one’s own', () => {
  it('is bound by following the links of the node that joins the pictures', () => {
    const { workflow } = read(GRAPH);
    expect(workflow?.bind).toEqual({
      first: ['6.image'],
      last: ['7.image'],
      prompt: ['4.text'],
      negative: ['5.text'],
      width: ['8.width'],
      height: ['8.height'],
      frames: ['8.length'],
      fps: [],
      seed: ['9.seed'],
      prefix: ['12.filename_prefix'],
    });
  });

  it('is bound as its owner says, in either way of writing', () => {
    const { workflow } = read(GRAPH, { prompt: '4.inputs.text', fps: ['11.fps'], negative: [] });
    expect(workflow?.bind).toMatchObject({ prompt: ['4.text'], fps: ['11.fps'], negative: [], first: ['6.image'] });
    expect(fillGraph(workflow ?? PRESETS['wan22-flf2v'], FILLING)['5']?.inputs['text']).toBe('blurred');
  });

  it('is refused in the format of the editor, with the way out', () => {
    expect(told({ nodes: [], links: [], version: 0.4 })).toEqual([
      'graph: found a file in the format of the editor, which cannot be run; allowed is a graph in API format: in ComfyUI choose Workflow > Export (API) and use that file',
    ]);
  });

  it.each([null, [], 'text', {}, { '1': { inputs: {} } }])('is refused when it is none: %j', (exported) => {
    expect(told(exported)).toEqual([expect.stringContaining('Workflow > Export (API)')]);
  });

  it('is refused with everything that is wrong at once', () => {
    const { '12': save, ...rest } = GRAPH;
    expect(save).toBeDefined();
    expect(told(rest, { first: '7.image', prompt: '99.text', seed: '9.nothing', negative: 'text' })).toEqual([
      'bind.prompt: found "99.text"; allowed is a place in the graph, which has no node "99"',
      'bind.negative: found "text"; allowed is a place in the graph, as "node id.input"',
      expect.stringMatching(
        /^bind\.seed: found "9\.nothing"; allowed is an input of node "9" \(KSampler\), which has seed, /,
      ),
      'bind.prefix: found nothing; allowed is the input that names the saved file, such as "12.filename_prefix"; the graph alone does not tell it',
      'bind.last: found "7.image", which is also bind.first; allowed is another place',
    ]);
  });

  it('is refused when a part of it is missing', () => {
    const { '5': negative, ...rest } = GRAPH;
    expect(negative).toBeDefined();
    expect(told(rest)).toEqual([
      'graph: found a link from "8.negative" (WanFirstLastFrameToVideo) to node "5", which is not in it; allowed is a whole graph: export it anew',
    ]);
  });

  it('takes only the seed that makes noise', () => {
    const exported = JSON.parse(JSON.stringify(PRESETS['wan22-flf2v'].graph));
    expect(read(exported).workflow?.bind.seed).toEqual(['high_steps.noise_seed']);
  });
});

describe('versions', () => {
  it.each([
    ['0.3.44', { ownIds: false, targetedInterrupt: false, jobs: false, jobCancel: false }],
    ['0.3.45', { ownIds: true, targetedInterrupt: false, jobs: false, jobCancel: false }],
    ['0.3.57', { ownIds: true, targetedInterrupt: true, jobs: false, jobCancel: false }],
    ['0.5.1', { ownIds: true, targetedInterrupt: true, jobs: false, jobCancel: false }],
    ['0.6.0', { ownIds: true, targetedInterrupt: true, jobs: true, jobCancel: false }],
    ['0.25.0', { ownIds: true, targetedInterrupt: true, jobs: true, jobCancel: false }],
    ['v0.33.0-2-g1a2b3c', { ownIds: true, targetedInterrupt: true, jobs: true, jobCancel: true }],
    ['1.0.0', { ownIds: true, targetedInterrupt: true, jobs: true, jobCancel: true }],
    ['main', { ownIds: true, targetedInterrupt: true, jobs: true, jobCancel: true }],
  ])('%s', (version, abilities) => {
    expect(abilitiesOf(version)).toEqual(abilities);
  });
});
