/**
 * At SIGUSR2, a process writes down how many bytes its space for new objects has, and how many it has when it needed more:
 * `node --import` this, with a file in YOUNG_GENERATION.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { getHeapSpaceStatistics } from 'node:v8';

const file = process.env['YOUNG_GENERATION'];

const readSize = () => getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space').space_size;

/** Half of these objects survive several collections. */
function makeObjects() {
  let kept = [];
  for (let index = 0; index < 2_000_000; index++) {
    kept.push({ index, text: `${index}` });
    if (kept.length > 60_000) kept = kept.slice(30_000);
  }
}

process.on('SIGUSR2', () => {
  const before = readSize();
  makeObjects();
  writeFileSync(`${file}.part`, JSON.stringify({ before, after: readSize() }));
  renameSync(`${file}.part`, file);
});
