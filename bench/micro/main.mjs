/** What the parts cost, without a network: `npm run bench:micro`, or with the names of parts after `--`. */
import { formatFigure, formatTable } from '../report/table.mjs';
import { measureAgent } from './agent.mjs';
import { measureCoalescing } from './coalesce.mjs';
import { measureCompletion } from './completion.mjs';
import { measureEncoding } from './encode.mjs';
import { measureEngine } from './engine.mjs';
import { measureFraming } from './framing.mjs';
import { measureParsing } from './parse.mjs';
import { measureStructured } from './structured.mjs';

const PARTS = {
  parse: measureParsing,
  completion: measureCompletion,
  coalesce: measureCoalescing,
  encode: measureEncoding,
  framing: measureFraming,
  structured: measureStructured,
  engine: measureEngine,
  agent: measureAgent,
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}, but ${Object.keys(PARTS).join(', ')}.`);
  process.exit(2);
}
const rows = [];
for (const [name, measure] of Object.entries(PARTS)) {
  if (names.length > 0 && !names.includes(name)) continue;
  for (const { part, name: what, nanoseconds, least } of await measure()) {
    rows.push([`${part}: ${what}`, formatFigure(nanoseconds), formatFigure(least)]);
  }
}
console.log(formatTable(['ns of CPU time per item', 'median', 'least'], rows));
