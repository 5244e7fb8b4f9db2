/**
 * A Motion-JPEG AVI as sd-server writes it: `RIFF AVI ` with one `vids`/`MJPG` stream, all frames in `movi`, and an index.
 * Layout: Microsoft's "AVI RIFF File Reference".
 */
export function aviOf(jpegs: readonly Uint8Array[], shape: { width: number; height: number; fps: number }): Buffer {
  const { width, height, fps } = shape;
  const largest = Math.max(...jpegs.map((jpeg) => jpeg.length));
  const mainHeader = words([
    Math.round(1_000_000 / fps),
    0,
    0,
    0x10,
    jpegs.length,
    0,
    1,
    largest,
    width,
    height,
    0,
    0,
    0,
    0,
  ]);
  const streamHeader = Buffer.concat([
    Buffer.from('vidsMJPG', 'latin1'),
    words([0, 0, 0, 1, fps, 0, jpegs.length, largest, 0xffff_ffff, 0, 0, 0]),
  ]);
  const format = words([40, width, height, 0x0018_0001, 0x4750_4a4d, width * height * 3, 0, 0, 0, 0]);
  const streams = list('strl', chunk('strh', streamHeader), chunk('strf', format));
  const frames = jpegs.map((jpeg) => chunk('00dc', jpeg));
  let at = 4;
  const index = frames.map((frame, n) => {
    const entry = Buffer.concat([Buffer.from('00dc', 'latin1'), words([0x10, at, jpegs[n]?.length ?? 0])]);
    at += frame.length;
    return entry;
  });
  const body = [
    list('hdrl', chunk('avih', mainHeader), streams),
    list('movi', ...frames),
    chunk('idx1', Buffer.concat(index)),
  ];
  return chunk('RIFF', Buffer.concat([Buffer.from('AVI ', 'latin1'), ...body]));
}

function words(values: readonly number[]): Buffer {
  const out = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) out.writeUInt32LE(value, index * 4);
  return out;
}

function chunk(name: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.write(name, 0, 'latin1');
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
}

function list(name: string, ...chunks: readonly Buffer[]): Buffer {
  return chunk('LIST', Buffer.concat([Buffer.from(name, 'latin1'), ...chunks]));
}
