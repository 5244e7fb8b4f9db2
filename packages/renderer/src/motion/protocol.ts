import type { View } from '../contract.ts';
import type { AnalysisStore } from './analysis/store.ts';
import type { CameraMove } from './camera/estimate.ts';
import type { Homography } from './camera/homography.ts';
import type { SharedMemory } from './kernels/web-assembly.ts';
import type { FramePlan } from './render/plan.ts';

/** What every thread of a pair is given once, when it starts. */
export interface ThreadStart {
  readonly width: number;
  readonly height: number;
  readonly threads: number;
  readonly thread: number;
  readonly store: AnalysisStore | null;
  readonly matchMemory: SharedMemory | null;
  /** At first the pictures' interleaved sRGB samples lie where the first desk has its sums. */
  readonly renderMemory: SharedMemory;
}

/** One piece of work for a thread. Side 0 is the first picture, 1 the last. */
export type Task =
  | { readonly kind: 'prepare'; readonly side: 0 | 1 }
  | { readonly kind: 'camera'; readonly counts: readonly [number, number]; readonly seed: number }
  | { readonly kind: 'describe'; readonly side: 0 | 1; readonly camera: Homography | null }
  | { readonly kind: 'match'; readonly side: 0 | 1 }
  | { readonly kind: 'seek'; readonly side: 0 | 1 }
  | { readonly kind: 'settle'; readonly side: 0 | 1 }
  | { readonly kind: 'tone' }
  | { readonly kind: 'search'; readonly side: 0 | 1 }
  | {
      readonly kind: 'choose';
      readonly side: 0 | 1;
      readonly camera: Homography | null;
      readonly seedCounts: readonly [number, number];
    }
  | { readonly kind: 'finish'; readonly side: 0 | 1; readonly move: CameraMove }
  | { readonly kind: 'release' }
  | { readonly kind: 'plan'; readonly plan: FramePlan }
  /** `into` is the caller's picture when that is shared memory; otherwise the frame is left on the thread's desk. */
  | { readonly kind: 'frame'; readonly s: number; readonly view: View | null; readonly into: Uint8Array | null };

export interface TaskMessage {
  readonly id: number;
  readonly task: Task;
}

export type TaskAnswer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };
