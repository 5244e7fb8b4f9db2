import { readFileSync } from 'node:fs';

/** The part of WebAssembly used here: TypeScript describes it only together with a browser's DOM, which this code has not. */

/** A memory several threads see. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
}

type Import = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface WebAssemblyNamespace {
  readonly Memory: new (size: { initial: number; maximum: number; shared: true }) => SharedMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: Import) => { readonly exports: unknown };
}

const { WebAssembly: wasm } = globalThis as unknown as { readonly WebAssembly: WebAssemblyNamespace };

const PAGE = 65536;

/** A zeroed memory of at least `byteLength` bytes, which cannot grow. */
export function openSharedMemory(byteLength: number): SharedMemory {
  const pages = Math.ceil(byteLength / PAGE);
  return new wasm.Memory({ initial: pages, maximum: pages, shared: true });
}

/** Compiles a module that imports its memory as `env.memory` and returns what it exports. */
function instantiate(bytes: Uint8Array, memory: SharedMemory): unknown {
  const abort = (): never => {
    throw new Error('A kernel gave up');
  };
  return new wasm.Instance(new wasm.Module(bytes), { env: { memory, abort } }).exports;
}

/** The exports of a committed kernel over a memory, or null when this machine cannot compile it. */
export function loadKernel(name: string, memory: SharedMemory): unknown {
  const bytes = readFileSync(new URL(`./${name}.wasm`, import.meta.url));
  try {
    return instantiate(bytes, memory);
  } catch {
    // No SIMD or no shared memory: the plain kernels give the same pictures, only slower.
    return null;
  }
}
