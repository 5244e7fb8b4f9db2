/** The size and speed a bitrate is chosen for. */
export interface BitrateShape {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
}

// The bits a pixel the trial key frames are coded with. At a given rate OpenH264 codes its first key frame with a fixed
// step, so the bytes that come out tell how much there is to code: sharp or noisy pictures give more.
const TRIAL_BITS = 0.12;

// What a clip needs for about 42 dB mean luma PSNR or more, in bits a pixel and frame, against the bits a pixel `k` of its trial
// key frame: need ≈ 0.75 k². Of all that was tried, 1.15 k^2.3 gave detailed clips up to 3 Mbit/s more for 0.5 to 1 dB that
// nobody sees (graf: 12.0 Mbit/s and 43.2 dB, now 8.9 and 42.1).
const NEED_FACTOR = 0.75;
const NEED_POWER = 2;

// How much more a clip needs whose frames change faster than those of the fit. OpenH264 cannot save bits for one quick
// moment, but spends no more than it needs on the slow rest: at three times the target, sudden clips of 150 frames took 1.3
// to 1.8 times the bytes, and their worst frame won 0.5 to 7 dB (35.5 → 42.3 on a dissolve).
const PACE_POWER = 0.7;

// 3 Mbit/s at 1280×720, 30 fps: below this even flat skies show steps (seen at 2.4).
const LEAST_BITS = 0.11;
// 10 Mbit/s at 1280×720: more would only code the sensor's noise.
const MOST_BITS = 0.36;
// 15 Mbit/s at 1280×720, for a clip with a quick moment.
const MOST_QUICK_BITS = 0.55;
// Level 4.0, the highest every player takes, allows 20 Mbit/s.
const MOST_BITRATE = 20_000_000;

/** The bitrate, in bits per second, at which the trial key frames have to be coded. */
export function trialBitrate(shape: BitrateShape): number {
  return bitsPerSecond(shape, TRIAL_BITS);
}

/**
 * The bitrate of a clip whose most detailed end gave a trial key frame of this many bytes. `pace` is the fastest moment of
 * the clip against that of the usual one (5 s, default timing); below 1 counts as 1.
 */
export function chooseBitrate(shape: BitrateShape, trialKeyFrameBytes: number, pace: number): number {
  const detail = (trialKeyFrameBytes * 8) / (shape.width * shape.height);
  const usual = Math.min(MOST_BITS, NEED_FACTOR * detail ** NEED_POWER);
  const need = Math.min(MOST_QUICK_BITS, usual * Math.max(1, pace) ** PACE_POWER);
  return Math.min(MOST_BITRATE, bitsPerSecond(shape, Math.max(LEAST_BITS, need)));
}

function bitsPerSecond({ width, height, fps }: BitrateShape, bitsPerPixel: number): number {
  return Math.round(width * height * fps * bitsPerPixel);
}
