/** A PNG's header and then nothing but `fill`: enough for whoever looks at headers only, of any length. */
export function pngHeader(width = 1280, height = 720, bytes = 64, fill = 0): Buffer {
  const png = Buffer.alloc(bytes, fill);
  png.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  png.writeUInt32BE(13, 8);
  png.write('IHDR', 12, 'latin1');
  png.writeUInt32BE(width, 16);
  png.writeUInt32BE(height, 20);
  return png;
}

/** The sides in a PNG's header. */
export function pngSides(png: Uint8Array): { readonly width: number; readonly height: number } {
  const buffer = Buffer.from(png);
  return { width: buffer.readUInt32BE(16), height: buffer.readUInt32BE(20) };
}
