import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const PICTURE_BYTES = 41_000;

/** A body of `POST /v1/videos` with two 720P JPEGs of about 41 KB as data: URLs. */
export async function createBody(): Promise<Buffer> {
  const images = await Promise.all(
    ['sample_first', 'sample_last'].map(async (name) => {
      const jpeg = await picture(name);
      return `data:image/jpeg;base64,${jpeg.toString('base64')}`;
    }),
  );
  return Buffer.from(
    JSON.stringify({
      model: 'wan2.2-kf2v-flash',
      images,
      prompt: 'The camera moves slowly towards the subject',
      seconds: '5',
      size: '720P',
      prompt_extend: true,
    }),
  );
}

/** The sample frame as a JPEG of the quality that comes nearest below the wished size, filled up with a comment. */
async function picture(name: string): Promise<Buffer> {
  const path = fileURLToPath(new URL(`../../packages/renderer/assets/${name}.png`, import.meta.url));
  const frame = sharp(path).resize(1280, 720, { fit: 'cover' }).removeAlpha();
  for (let quality = 95; quality > 5; quality -= 5) {
    const jpeg = await frame.clone().jpeg({ quality }).toBuffer();
    if (jpeg.length + 4 <= PICTURE_BYTES) return withComment(jpeg, PICTURE_BYTES - jpeg.length);
  }
  throw new Error(`${name} does not fit into ${PICTURE_BYTES} bytes`);
}

/** Puts a COM segment of `bytes` behind the start marker; longer ones than 64 KB do not occur here. */
function withComment(jpeg: Buffer, bytes: number): Buffer {
  const comment = Buffer.alloc(bytes, 0x20);
  comment.writeUInt16BE(0xfffe, 0);
  comment.writeUInt16BE(bytes - 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), comment, jpeg.subarray(2)]);
}

/** A request as it goes over the wire. */
export function wire(method: 'GET' | 'POST', path: string, secret: string, body?: Buffer): Buffer {
  const head = [
    `${method} ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    `Authorization: Bearer ${secret}`,
    ...(body === undefined ? [] : ['Content-Type: application/json', `Content-Length: ${body.length}`]),
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body ?? Buffer.alloc(0)]);
}
