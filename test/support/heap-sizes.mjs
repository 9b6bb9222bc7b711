/**
 * A process that preloads this file with `node --import` writes the sizes of its heap, in bytes, to the file of HEAP_SIZES at
 * SIGUSR2. `kept` is the memory that it has reserved for old objects, and `needed` the part in use after a collection. `before` is
 * its space for new objects, and `after` the same space after it has grown.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const file = process.env['HEAP_SIZES'];

const find = (space) => getHeapSpaceStatistics().find(({ space_name: name }) => name === space);

/** Half of these objects survive several collections. */
function makeObjects() {
  let kept = [];
  for (let index = 0; index < 2_000_000; index++) {
    kept.push({ index, text: `${index}` });
    if (kept.length > 60_000) kept = kept.slice(30_000);
  }
}

function collectGarbage() {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

process.on('SIGUSR2', () => {
  const before = find('new_space').space_size;
  const kept = find('old_space').space_size;
  collectGarbage();
  const needed = find('old_space').space_used_size;
  makeObjects();
  writeFileSync(`${file}.part`, JSON.stringify({ kept, needed, before, after: find('new_space').space_size }));
  renameSync(`${file}.part`, file);
});
