/**
 * The inner loops that bring a key picture into the planes it is analysed and read in. All arguments named after a place
 * are byte offsets into one memory (see layout.ts).
 */
export interface PictureKernels {
  /**
   * Fills the padded planes of a picture (PictureLayout) from its interleaved sRGB samples: BT.709 limited range.
   * `work` is room for two 32-bit floats a sample, `rows` for seven such rows and 64 bytes.
   */
  split(
    width: number,
    height: number,
    rgb: number,
    luma: number,
    half: number,
    colour: number,
    work: number,
    rows: number,
  ): void;
  /**
   * Luma and colour differences for analysis, 32-bit floats of 0..255 (neutral colour = 128), each the mean of `factor` ×
   * `factor` samples; `factor` is 1 or 2.
   */
  average(width: number, height: number, rgb: number, factor: number, luma: number, blue: number, red: number): void;
}
