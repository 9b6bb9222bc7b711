/** What the parts cost, without a network: `npm run bench:micro`, or with the names of parts after `--`. */
import { figure, table } from '../report/table.mjs';
import { agent } from './agent.mjs';
import { coalesce } from './coalesce.mjs';
import { completion } from './completion.mjs';
import { encode } from './encode.mjs';
import { engine } from './engine.mjs';
import { framing } from './framing.mjs';
import { parse } from './parse.mjs';
import { structured } from './structured.mjs';

const PARTS = { parse, completion, coalesce, encode, framing, structured, engine, agent };

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
    rows.push([`${part}: ${what}`, figure(nanoseconds), figure(least)]);
  }
}
console.log(table(['ns of CPU time per item', 'median', 'least'], rows));
