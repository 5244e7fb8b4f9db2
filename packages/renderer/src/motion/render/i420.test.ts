import { describe, expect, it } from 'vitest';
import type { RgbPicture } from '../../contract.ts';
import { yuvToRgb } from '../../picture/yuv.ts';
import { signalToNoise } from '../testing/pictures.ts';
import { toI420 } from './i420.ts';

const WIDTH = 48;
const HEIGHT = 32;

/** Waves of red and blue, seven samples long: detail that 4:2:0 can carry and interpolation blurs. */
const waves: RgbPicture = {
  width: WIDTH,
  height: HEIGHT,
  data: Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => {
    const x = Math.floor(i / 3) % WIDTH;
    const y = Math.floor(i / 3 / WIDTH);
    const wave = 80 * Math.sin(x / 1.1 + y / 3);
    return 128 + [wave, -0.2 * wave, -wave][i % 3]!;
  }),
};

function throughYuv(picture: RgbPicture, change: (data: Uint8Array) => void = () => undefined): RgbPicture {
  const data = new Uint8Array((WIDTH * HEIGHT * 3) / 2);
  toI420(picture, data);
  change(data);
  return yuvToRgb({ width: WIDTH, height: HEIGHT, data });
}

describe('toI420', () => {
  it('keeps colour edges better than means of 2×2 samples do', () => {
    const { data } = waves;
    const means = throughYuv(waves, (yuv) => {
      for (let c = 0; c < (WIDTH * HEIGHT) / 4; c++) {
        const at = (2 * Math.floor(c / (WIDTH / 2)) * WIDTH + 2 * (c % (WIDTH / 2))) * 3;
        const mean = (channel: number): number =>
          [0, 3, 3 * WIDTH, 3 * WIDTH + 3].reduce((sum, step) => sum + (data[at + step + channel] ?? 0), 0) / 4;
        const luma = 0.2126 * mean(0) + 0.7152 * mean(1) + 0.0722 * mean(2);
        yuv[WIDTH * HEIGHT + c] = 128.5 + ((mean(2) - luma) * 224) / (255 * 1.8556);
        yuv[WIDTH * HEIGHT * 1.25 + c] = 128.5 + ((mean(0) - luma) * 224) / (255 * 1.5748);
      }
    });
    expect(signalToNoise(throughYuv(waves).data, data)).toBeGreaterThan(signalToNoise(means.data, data) + 1);
  });

  it('keeps a flat colour and stays within a byte at the strongest edges', () => {
    const flat = { ...waves, data: waves.data.map((_, i) => [200, 30, 90][i % 3] ?? 0) };
    expect(signalToNoise(throughYuv(flat).data, flat.data)).toBeGreaterThan(46);
    const harsh = { ...waves, data: waves.data.map((value, i) => (i % 3 === 1 ? 0 : value > 128 ? 255 : 0)) };
    expect(signalToNoise(throughYuv(harsh).data, harsh.data)).toBeGreaterThan(12);
  });
});
