import { FRAME_ROLES, type Frames } from './frame.ts';
import type { Warning } from './generation.ts';
import { type CoverCrop, differs, type Size } from './size.ts';

/** Two prepared frames, without their bytes. */
export interface PairFacts {
  readonly size: Size;
  readonly frames: Frames<{ readonly source: Size; readonly crop: CoverCrop }>;
  readonly identical: boolean;
}

/** Cropping away less than this share goes unnoticed (rounding to 16 px alone costs up to about 2 %). */
const CROP_WORTH_A_WARNING = 0.025;

/** What is worth knowing about prepared frames. */
export function frameWarnings(pair: PairFacts, wished: Size | undefined): readonly Warning[] {
  const warnings: Warning[] = [];
  if (wished !== undefined && differs(pair.size, wished)) {
    const made = `${pair.size.width}×${pair.size.height}`;
    warnings.push({
      code: 'size_mismatch',
      message: `The video is ${made} instead of ${wished.width}×${wished.height}: its shape follows the first frame.`,
    });
  }
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  const { first, last } = pair.frames;
  if (first.crop.lost > CROP_WORTH_A_WARNING) {
    warnings.push({
      code: 'first_frame_cropped',
      message: `${percent(first.crop.lost)} of the first frame was cut away to reach sides that are multiples of 16.`,
    });
  }
  if (last.crop.lost > CROP_WORTH_A_WARNING) {
    warnings.push({
      code: 'last_frame_cropped',
      message: `${percent(last.crop.lost)} of the last frame was cut away to match the first frame's aspect.`,
    });
  }
  const upscaled = FRAME_ROLES.filter((role) => pair.frames[role].crop.scaled.width > pair.frames[role].source.width);
  if (upscaled.length > 0) {
    warnings.push({
      code: 'upscaled',
      message: `The ${upscaled.join(' and ')} frame is smaller than the video (${pair.size.width}×${pair.size.height}) and was enlarged.`,
    });
  }
  if (pair.identical)
    warnings.push({
      code: 'identical_frames',
      message: 'Both frames are the same picture, so the video may stand still.',
    });
  return warnings;
}
