import type { Frames } from '../domain/frame.ts';
import type { SizeTier } from '../domain/model.ts';
import type { CoverCrop, Size } from '../domain/size.ts';
import type { ByteSource } from './artifacts.ts';

/** Both frames, ready for any backend: upright, sRGB, opaque, cut to one identical output size, as PNG files. */
export interface PreparedPair extends AsyncDisposable {
  readonly size: Size;
  readonly frames: Frames<{
    readonly png: ByteSource;
    /** The picture as it was after orientation. */
    readonly source: Size;
    readonly crop: CoverCrop;
  }>;
  /** The two prepared frames have the same pixels. */
  readonly identical: boolean;
}

/**
 * Prepares frames once, at admission, for every backend: EXIF orientation, ICC → sRGB, first page of an animation,
 * alpha flattened on white, then cover and centre-crop to the output size of the first frame.
 */
export interface FramePreparer {
  /**
   * Disposing the pair removes its temporary files.
   * @throws Fault `invalid_image` with `param` `images[0]` or `images[1]` for a picture that cannot be used
   */
  prepare(pictures: Frames<Uint8Array>, tier: SizeTier, signal: AbortSignal): Promise<PreparedPair>;
}

/** Scales prepared frames for a peer that takes other sides; both stay of one size. */
export interface FrameRescaler {
  /** Writes new PNG files into the folder and gives their paths. */
  rescale(frames: Frames<string>, to: Size, folder: string, signal: AbortSignal): Promise<Frames<string>>;
}
