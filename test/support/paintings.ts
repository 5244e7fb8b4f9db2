import sharp, { type Sharp } from 'sharp';

/** How a scene is seen; what is left out is in the middle. */
export interface View {
  /** Where the camera has gone, in shares of the width. */
  readonly pan?: number;
  readonly zoom?: number;
}

/**
 * A painted scene with edges, soft slopes and texture: enough for a renderer to find its way, and enough to tell
 * whether a picture was turned, mirrored, stretched or shifted.
 */
export function paint(width: number, height: number, { pan = 0, zoom = 1 }: View = {}): Sharp {
  const hills = Array.from({ length: 9 }, (_, n) => {
    const x = 40 + ((n * 173) % 920);
    const y = 560 + ((n * 97) % 260);
    const hue = (n * 47) % 360;
    return `<circle cx="${x}" cy="${y}" r="${50 + ((n * 31) % 70)}" fill="hsl(${hue} 45% ${35 + n * 4}%)"/>`;
  }).join('');
  const windows = Array.from(
    { length: 24 },
    (_, n) =>
      `<rect x="${610 + (n % 4) * 40}" y="${240 + Math.floor(n / 4) * 50}" width="22" height="30" fill="hsl(45 ${40 + n}% ${30 + n * 2}%)"/>`,
  ).join('');
  const scene = `
    <rect x="-500" y="-500" width="2000" height="2000" fill="url(#sky)"/>
    <circle cx="250" cy="220" r="90" fill="#e8c46a"/>
    <rect x="590" y="200" width="180" height="400" fill="#5a6470"/>${windows}
    <path d="M -500 640 Q 200 480 500 660 T 1500 600 L 1500 1500 L -500 1500 Z" fill="url(#ground)"/>${hills}
    <path d="M 120 420 L 330 420 L 225 300 Z" fill="#7d3b3b"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 1000 1000" preserveAspectRatio="none">
    <defs>
      <linearGradient id="sky" x1="0" y1="0" x2="0.3" y2="1"><stop offset="0" stop-color="#2f5d8c"/><stop offset="1" stop-color="#c9b8a0"/></linearGradient>
      <linearGradient id="ground" x1="0" y1="0" x2="1" y2="0"><stop offset="0" stop-color="#4b6b3c"/><stop offset="1" stop-color="#8c7a4a"/></linearGradient>
    </defs>
    <g transform="translate(500 500) scale(${zoom}) translate(${-500 - pan * 1000} -500)">${scene}</g></svg>`;
  return sharp(Buffer.from(svg)).flatten({ background: '#ffffff' }).removeAlpha();
}

/** Two views of one scene as PNG files, the second a little further. */
export async function paintPair(width: number, height: number): Promise<readonly [first: Buffer, last: Buffer]> {
  return [
    await paint(width, height).png().toBuffer(),
    await paint(width, height, { pan: 0.06, zoom: 1.1 }).png().toBuffer(),
  ];
}

/** A picture as a `data:` URL. */
export function dataUrl(bytes: Uint8Array, type = 'image/png'): string {
  return `data:${type};base64,${Buffer.from(bytes).toString('base64')}`;
}

/** Pixels, three bytes each. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Buffer;
}

/** Decodes a picture to RGB. */
export async function pixelsOf(picture: Uint8Array | Sharp): Promise<Pixels> {
  const pipeline = picture instanceof Uint8Array ? sharp(picture, { limitInputPixels: false }) : picture;
  const { data, info } = await pipeline
    .toColourspace('srgb')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`a picture of ${info.channels} channels`);
  return { width: info.width, height: info.height, data };
}

/** PSNR in dB between two runs of bytes of one length; 99 when they are equal. */
export function psnr(one: Uint8Array, other: Uint8Array): number {
  if (one.length !== other.length) throw new Error(`${one.length} bytes against ${other.length}`);
  let squares = 0;
  for (let at = 0; at < one.length; at += 1) squares += ((one[at] ?? 0) - (other[at] ?? 0)) ** 2;
  return squares === 0 ? 99 : 10 * Math.log10((255 ** 2 * one.length) / squares);
}

/** A 24-bit BMP, bottom-up as the format has it. */
export function bmpOf({ width, height, data }: Pixels): Buffer {
  const stride = Math.ceil((width * 3) / 4) * 4;
  const file = Buffer.alloc(54 + stride * height);
  file.write('BM', 0, 'latin1');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  for (let y = 0; y < height; y += 1) {
    const row = 54 + (height - 1 - y) * stride;
    for (let x = 0; x < width; x += 1) {
      const from = (y * width + x) * 3;
      file.set([data[from + 2] ?? 0, data[from + 1] ?? 0, data[from] ?? 0], row + x * 3);
    }
  }
  return file;
}
