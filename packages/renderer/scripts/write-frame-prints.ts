/**
 * Renews the prints of rendered frames that `frames.test.ts` compares with. To be run after a change that is meant to
 * change the frames, when the contact sheets (`bench/sheets.ts`) were looked at and are better:
 *
 *   npx --no-install node packages/renderer/scripts/write-frame-prints.ts
 */
import { writeFile } from 'node:fs/promises';
import { type DrawnPair, drawnPairs, type FramePrint, framesOf, printOf } from '../src/testing/frame-print.ts';

const printsOf = async (pair: DrawnPair): Promise<[string, FramePrint[]]> => [
  pair.name,
  (await framesOf(pair)).map(printOf),
];
const prints: [string, FramePrint[]][] = [];
for (const pair of drawnPairs()) prints.push(await printsOf(pair));
// A line for each row of numbers: a change is seen as what it is.
const lines = prints.map(
  ([name, frames]) =>
    `  ${JSON.stringify(name)}: [\n${frames
      .map((frame) => {
        const planes = Object.entries(frame).map(([plane, cells]) => `"${plane}": ${JSON.stringify(cells)}`);
        return `    {\n      ${planes.join(',\n      ')}\n    }`;
      })
      .join(',\n')}\n  ]`,
);
await writeFile(new URL('../src/testing/frame-prints.json', import.meta.url), `{\n${lines.join(',\n')}\n}\n`);
