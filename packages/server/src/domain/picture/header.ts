/** A header promised more bytes than there are, or said what its format does not allow. */
export class DamagedHeader extends Error {
  override readonly name = 'DamagedHeader';
}

/** Reads numbers out of a picture's first bytes. Every read is checked: outside the bytes it throws `DamagedHeader`. */
export class Header {
  readonly length: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.length = bytes.length;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  uint8(at: number): number {
    return this.#view.getUint8(this.#inside(at, 1));
  }

  uint16(at: number, order: 'big' | 'little'): number {
    return this.#view.getUint16(this.#inside(at, 2), order === 'little');
  }

  /** Three bytes, little-endian: how WEBP writes its canvas. */
  uint24(at: number): number {
    return this.uint16(at, 'little') + this.uint8(at + 2) * 0x1_0000;
  }

  uint32(at: number, order: 'big' | 'little'): number {
    return this.#view.getUint32(this.#inside(at, 4), order === 'little');
  }

  int32(at: number, order: 'big' | 'little'): number {
    return this.#view.getInt32(this.#inside(at, 4), order === 'little');
  }

  /** Whether these very bytes stand at `at`. Text is compared as Latin-1. Outside the bytes it is simply false. */
  has(at: number, expected: string | readonly number[]): boolean {
    for (let index = 0; index < expected.length; index++) {
      const wanted = typeof expected === 'string' ? expected.charCodeAt(index) : expected[index];
      if (this.#bytes[at + index] !== wanted) return false;
    }
    return true;
  }

  /** Up to `length` bytes as Latin-1 text; shorter at the end. */
  text(at: number, length: number): string {
    return String.fromCharCode(...this.#bytes.subarray(at, at + length));
  }

  #inside(at: number, length: number): number {
    if (at < 0 || at + length > this.length) throw new DamagedHeader(`the header ends before byte ${at + length}`);
    return at;
  }
}
