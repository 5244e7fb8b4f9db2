import type { Mode, MotionWish, PairReport } from '../../contract.ts';
import { IDENTITY, rescale } from '../camera/homography.ts';
import type { Tone } from '../fuse/tone.ts';
import { SAME_TONE } from '../fuse/tone.ts';
import { type FramePlan, transitionCamera } from '../render/plan.ts';
import type { PairFindings } from './analyse.ts';
import { analysisFactor } from './store.ts';

/** Correspondence above this is a scene in motion; below the lower bound the pictures have nothing in common. */
const SAME_SCENE = 0.3;
const UNRELATED = 0.03;
/** Blurred footage has little confidence but many kept matches (the study's cockatoo clip: .017, yet it morphs well). */
const MANY_MATCHES = 0.12;

const STILL: FramePlan['rest'] = [
  [0, 0],
  [0, 0],
];

/** How a pair is rendered and what is told about it. */
export function decidePlan(
  findings: PairFindings,
  wish: MotionWish,
  width: number,
  height: number,
  fast: boolean,
): { plan: FramePlan; report: PairReport } {
  const mode = decideMode(findings);
  const report: PairReport = { mode, matchConfidence: Math.min(1, Math.max(0, findings.corresponding)) };
  if (mode === 'transition') {
    const camera = transitionCamera(wish.camera, width >> 1, height >> 1);
    return {
      report,
      plan: { kind: 'dissolve', fast, camera, aligned: false, rest: STILL, tones: [SAME_TONE, SAME_TONE, SAME_TONE] },
    };
  }
  const camera = findings.camera === null ? IDENTITY : rescale(findings.camera, analysisFactor(width, height) / 2);
  const [luma, blue, red] = findings.tones;
  return {
    report,
    plan: {
      kind: 'morph',
      fast,
      camera,
      aligned: findings.camera !== null,
      rest: findings.rest,
      tones: [limitedLuma(luma), limitedColour(blue), limitedColour(red)],
    },
  };
}

function decideMode(findings: PairFindings): Mode {
  if (findings.corresponding > SAME_SCENE) return 'morph';
  if (findings.moves) return 'camera';
  if (findings.corresponding < UNRELATED && findings.kept < MANY_MATCHES) return 'transition';
  return 'morph';
}

/** A change of full-range luma, for samples of 16..235. */
function limitedLuma({ gain, offset }: Tone): Tone {
  return { gain, offset: 16 * (1 - gain) + (offset * 219) / 255 };
}

/** A change of colour difference around 128 of the 0..255 scale, for samples of 16..240. */
function limitedColour({ gain, offset }: Tone): Tone {
  return { gain, offset: 128 * (1 - gain) + ((128 * gain + offset - 128) * 224) / 255 };
}
