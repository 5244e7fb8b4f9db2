/**
 * Makes `src/watermark/glyphs.json`: the outlines of the few glyphs a watermark needs, from Noto Sans SC Medium
 * (SIL Open Font License 1.1). Run it again only to add characters:
 *
 *   npx --no-install node packages/renderer/scripts/make-watermark-glyphs.ts
 *
 * It fetches two packages of exact version with `npm pack` into a temporary folder and leaves nothing behind.
 */
import { execFileSync } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const FONT_PACKAGE = '@fontsource/noto-sans-sc@5.3.0';
const PARSER_PACKAGE = 'opentype.js@2.0.0';
const CHARACTERS = [...new Set('AI generated人工智能生成合')];
const TARGET = new URL('../src/watermark/', import.meta.url);

interface Font {
  unitsPerEm: number;
  tables: { os2: { sCapHeight: number } };
  charToGlyphIndex(character: string): number;
  charToGlyph(character: string): { advanceWidth: number; getPath(x: number, y: number, size: number): Outline };
}
interface Outline {
  toPathData(decimals: number): string;
}

const folder = await mkdtemp(join(tmpdir(), 'watermark-glyphs-'));
try {
  const fontFolder = await fetchPackage(FONT_PACKAGE, 'font');
  const parserFolder = await fetchPackage(PARSER_PACKAGE, 'parser');
  const parser = (await import(pathToFileURL(join(parserFolder, 'dist/opentype.mjs')).href)) as {
    parse(bytes: ArrayBuffer): Font;
  };
  const fonts: Font[] = [];
  for (const subset of ['latin', 'chinese-simplified']) {
    const file = await readFile(join(fontFolder, `files/noto-sans-sc-${subset}-500-normal.woff`));
    fonts.push(parser.parse(new Uint8Array(file).buffer));
  }
  const glyphs: Record<string, { advance: number; path: string }> = {};
  for (const character of CHARACTERS) {
    const font = fonts.find((each) => each.charToGlyphIndex(character) !== 0);
    if (font === undefined) throw new Error(`the font has no glyph for "${character}"`);
    const glyph = font.charToGlyph(character);
    // In font units, y down, baseline at 0.
    const path = glyph.getPath(0, 0, font.unitsPerEm).toPathData(0);
    glyphs[character] = { advance: glyph.advanceWidth, path };
  }
  const [latin] = fonts;
  if (latin === undefined) throw new Error('no font was read');
  const file = {
    font: 'Noto Sans SC Medium, © Google, SIL Open Font License 1.1, see NOTICE.md',
    unitsPerEm: latin.unitsPerEm,
    capHeight: latin.tables.os2.sCapHeight,
    glyphs,
  };
  await writeFile(new URL('glyphs.json', TARGET), `${JSON.stringify(file, undefined, 2)}\n`);
  await copyFile(join(fontFolder, 'LICENSE'), new URL('OFL.txt', TARGET));
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function fetchPackage(specification: string, name: string): Promise<string> {
  const packed = execFileSync('npm', ['pack', '--silent', specification, '--pack-destination', folder], {
    encoding: 'utf8',
    cwd: folder,
  }).trim();
  const target = await mkdtemp(join(folder, `${name}-`));
  execFileSync('tar', ['xzf', join(folder, packed), '-C', target]);
  return join(target, 'package');
}
