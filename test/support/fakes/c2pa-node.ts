import { createPrivateKey, createPublicKey, sign, verify, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Stands for `@contentauth/c2pa-node` 0.5.5, with its names, arguments and order: synchronous, files by path, a signed
 * copy written to the destination and the manifest's bytes given back. What it writes is no C2PA but one box at the end of
 * an MP4 (elsewhere: nothing) that `readSigned` checks.
 */

type Asset =
  | { readonly path: string; readonly mimeType: string }
  | { buffer: Buffer | null; readonly mimeType: string };

export class LocalSigner {
  readonly certificate: Buffer;
  readonly key: Buffer;

  constructor(certificate: Buffer, key: Buffer) {
    this.certificate = certificate;
    this.key = key;
  }

  static newSigner(certificate: Buffer, privateKey: Buffer, algorithm: string): LocalSigner {
    if (!Buffer.isBuffer(certificate) || !Buffer.isBuffer(privateKey))
      throw new TypeError('failed to downcast any to Buffer');
    if (algorithm !== 'es256') throw new Error(`Unsupported algorithm ${algorithm}`);
    // The real one, too, wants a certificate that another one signed, and only sees it when it signs.
    return new LocalSigner(certificate, privateKey);
  }
}

export class Builder {
  readonly #manifest: object;

  constructor(manifest: object) {
    this.#manifest = manifest;
  }

  static withJson(manifest: object): Builder {
    return new Builder(manifest);
  }

  sign(signer: LocalSigner, input: Asset, output: Asset): Buffer {
    const own = new X509Certificate(signer.certificate);
    if (own.ca) throw new Error('the certificate is invalid');
    const bytes = 'path' in input ? readFileSync(input.path) : (input.buffer ?? Buffer.alloc(0));
    const claim = { manifest: this.#manifest, certificate: own.toString(), bytes: bytes.length };
    const signature = sign(
      'sha256',
      Buffer.concat([bytes, Buffer.from(JSON.stringify(claim))]),
      createPrivateKey(signer.key),
    );
    const body = Buffer.from(JSON.stringify({ claim, signature: signature.toString('base64') }));
    if ('path' in output) writeFileSync(output.path, Buffer.concat([bytes, box(body)]));
    else output.buffer = bytes;
    return body;
  }
}

function box(body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8);
  head.write('free', 4, 'latin1');
  return Buffer.concat([head, body]);
}

/** What a file says that the fake has signed; undefined: it was not, or was changed. */
export function readSigned(file: Buffer): { readonly manifest: object; readonly certificate: string } | undefined {
  const at = file.lastIndexOf('{"claim":');
  if (at < 8) return undefined;
  const { claim, signature } = JSON.parse(file.subarray(at).toString()) as {
    claim: { manifest: object; certificate: string; bytes: number };
    signature: string;
  };
  const text = Buffer.concat([file.subarray(0, claim.bytes), Buffer.from(JSON.stringify(claim))]);
  const right = verify('sha256', text, createPublicKey(claim.certificate), Buffer.from(signature, 'base64'));
  return right ? claim : undefined;
}
