/** The inner loop of dense description over one memory; all places are byte offsets. */
export interface DescribeKernels {
  /**
   * One 72-byte descriptor per sample into `out`, from the slopes (32-bit floats per sample). `taps` holds the right half
   * of the 13-tap pooling filter, centre first; `row` (width + 12 samples of 32 bytes), `across`, `pooled`
   * (32 bytes per sample each) and `norms` (4 bytes per sample) are scratch.
   */
  describe(
    width: number,
    height: number,
    slopeX: number,
    slopeY: number,
    taps: number,
    row: number,
    across: number,
    pooled: number,
    norms: number,
    out: number,
  ): void;
}

/** Bytes of one descriptor: 8 directions at the sample and at 8 places around it. */
export const DESCRIPTOR_BYTES = 72;
/** Taps beside the centre of the pooling filter. */
export const POOL_REACH = 6;
