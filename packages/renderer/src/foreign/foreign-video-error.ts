/** The file cannot be read as a video; the message says why. */
export class ForeignVideoError extends Error {
  override readonly name = 'ForeignVideoError';
}
