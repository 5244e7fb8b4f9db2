import sharp from 'sharp';
import type { Size } from '../../domain/size.ts';

/** Scales both prepared pictures to one size; they have one aspect already, so nothing is cut and next to nothing bent. */
export async function rescalePair(
  to: Size,
  inputs: readonly [first: string, last: string],
  outputs: readonly [first: string, last: string],
): Promise<void> {
  for (const [index, input] of inputs.entries()) {
    await sharp(input)
      .resize(to.width, to.height, { fit: 'fill', kernel: 'lanczos3' })
      .png({ compressionLevel: 6 })
      .toFile(outputs[index] ?? '');
  }
}
