import { parentPort, workerData } from 'node:worker_threads';
import { AnalysisSteps } from './analysis/steps.ts';
import { loadAnalysisKernels, loadFrameKernels, loadPictureKernels } from './kernels/load.ts';
import { planMatch } from './match/match-layout.ts';
import type { Task, TaskAnswer, TaskMessage, ThreadStart } from './protocol.ts';
import { closeRasterDesk } from './raster/kernels.ts';
import { FramePainter } from './render/frame.ts';
import { type DeskLayout, planMemory } from './render/layout.ts';

/** One thread of a pair: does the tasks it is sent, one after the other. */
const start = workerData as ThreadStart;
const layout = planMemory(start.width, start.height, start.threads);
const buffer = start.renderMemory.buffer;
let steps = openSteps();
let painter: FramePainter | null = null;

parentPort?.on('message', (message: TaskMessage) => {
  let answer: TaskAnswer;
  try {
    answer = { id: message.id, result: perform(message.task) };
  } catch (error) {
    answer = { id: message.id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  parentPort?.postMessage(answer);
});

function openSteps(): AnalysisSteps | null {
  const { store, matchMemory } = start;
  if (store === null || matchMemory === null) return null;
  const plan = planMatch(store.width, store.height);
  return new AnalysisSteps(store, loadAnalysisKernels(matchMemory), matchMemory.buffer, plan);
}

function perform(task: Task): unknown {
  switch (task.kind) {
    case 'prepare':
      return analysis().prepare(task.side, loadPictureKernels(start.renderMemory), buffer, layout, desk());
    case 'camera':
      return analysis().camera(task.counts, task.seed);
    case 'describe':
      return analysis().describe(task.side, task.camera);
    case 'match':
      return analysis().match(task.side);
    case 'seek':
      return analysis().seek(task.side);
    case 'settle':
      return analysis().settle(task.side);
    case 'tone':
      return analysis().tone();
    case 'search':
      return analysis().search(task.side);
    case 'choose':
      return analysis().choose(task.side, task.camera, task.seedCounts);
    case 'finish':
      return analysis().finish(task.side, task.move, buffer, layout);
    case 'release':
      steps = null;
      closeRasterDesk();
      // The thread's start data would keep the analysis memory (60 to 200 MB) alive for as long as it renders.
      Object.assign(start, { store: null, matchMemory: null });
      return null;
    case 'plan': {
      painter = new FramePainter(loadFrameKernels(start.renderMemory), buffer, layout, task.plan, desk());
      return null;
    }
    case 'frame': {
      if (painter === null) throw new Error('A frame was asked for before the plan was known');
      const frame = painter.paint(task.s, task.view);
      task.into?.set(frame);
      return null;
    }
  }
}

function analysis(): AnalysisSteps {
  if (steps === null) throw new Error('The analysis is over');
  return steps;
}

function desk(): DeskLayout {
  const own = layout.desks[start.thread];
  if (own === undefined) throw new Error(`No desk for thread ${start.thread}`);
  return own;
}
