import type { SigningAlgorithm } from './credentials.ts';

/**
 * What is used of `@contentauth/c2pa-node` 0.5.5 (MIT). It is no dependency of ours: it holds 50 MB of native code for
 * one platform and fetches that of the others when it is installed, so whoever wants to sign installs it.
 */
export interface C2paLibrary {
  readonly LocalSigner: {
    newSigner(certificate: Buffer, privateKey: Buffer, algorithm: SigningAlgorithm): unknown;
  };
  readonly Builder: {
    withJson(manifest: object): { sign(signer: unknown, input: Asset, output: Asset): Buffer };
  };
}

/** A file, or bytes; an output of bytes starts as null. */
type Asset =
  | { readonly path: string; readonly mimeType: string }
  | { readonly buffer: Buffer | null; readonly mimeType: string };

/** The package that signs, and the version that was tried. */
export const PACKAGE = '@contentauth/c2pa-node';
export const PACKAGE_VERSION = '0.5.5';

/** The library cannot be loaded; the message says why and how to get it. */
export class LibraryMissing extends Error {
  override readonly name = 'LibraryMissing';
}

/**
 * Loads the library when it is first needed.
 * @param name another place, for tests
 * @throws LibraryMissing
 */
export async function loadLibrary(name: string): Promise<C2paLibrary> {
  let loaded: unknown;
  try {
    loaded = await import(name);
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    const why = code === 'ERR_MODULE_NOT_FOUND' ? 'it is not installed' : 'it does not load on this machine';
    throw new LibraryMissing(
      `${PACKAGE} signs, and ${why}. Beside the server: npm install --no-save --ignore-scripts ${PACKAGE}@${PACKAGE_VERSION} (its native code is for x64 Linux; for other machines leave out --ignore-scripts).`,
      { cause: error },
    );
  }
  if (!isLibrary(loaded))
    throw new LibraryMissing(`${PACKAGE} has another shape than ${PACKAGE_VERSION}, which is the version to install.`);
  return loaded;
}

function isLibrary(loaded: unknown): loaded is C2paLibrary {
  const { LocalSigner, Builder } = (loaded ?? {}) as Partial<C2paLibrary>;
  return typeof LocalSigner?.newSigner === 'function' && typeof Builder?.withJson === 'function';
}
