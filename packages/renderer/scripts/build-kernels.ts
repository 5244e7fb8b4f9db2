/**
 * Compiles the AssemblyScript kernels (src/motion/kernels/*.as.ts) to the .wasm files committed next to them.
 * Run after changing a kernel: node packages/renderer/scripts/build-kernels.ts
 */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const folder = fileURLToPath(new URL('../src/motion/kernels/', import.meta.url));

for (const file of readdirSync(folder).filter((name) => name.endsWith('.as.ts'))) {
  const { error, stderr } = await asc.main([
    `${folder}${file}`,
    '--baseDir',
    '/',
    '--outFile',
    `${folder}${file.replace(/\.as\.ts$/, '.wasm')}`,
    '-O3',
    '--converge',
    '--noAssert',
    '--runtime',
    'stub',
    '--importMemory',
    '--sharedMemory',
    '--initialMemory',
    '1',
    '--maximumMemory',
    '65536',
    '--enable',
    'simd',
    '--enable',
    'threads',
    '--enable',
    'bulk-memory',
    '--enable',
    'relaxed-simd',
  ]);
  if (error) {
    process.stderr.write(stderr.toString());
    process.exitCode = 1;
  }
}
