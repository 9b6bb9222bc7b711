import type { WorkflowNames } from './workflow-names.js';

/** An import declaration at the beginning of a line; the compiler's own parser is not installed in production. */
const IMPORT = /^import\s[^;]*?from\s+(['"])(?<from>[^'"]+)\1;$/gm;
const TEXT_OR_COMMENT = /(['"`])(?:\\[^]|(?!\1)[^\\])*\1|\/\/.*|\/\*[^]*?\*\//g;
const MODULE = /@Module\(\s*\{/g;
const PROVIDERS_KEY = /(?<=^|,)\s*providers\s*(?<list>:\s*\[)?/g;
const LINE_WIDTH = 120;

/** The content between two brackets: the places after the first and of the second. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Adds a new workflow to the source of the module of workflows. Adding it twice changes nothing.
 * @param ending that of the paths of imports in the project: `.js`, or nothing where it compiles to CommonJS
 * @returns undefined if the source does not have the form that this understands: one `@Module({ … })`, whose providers, if
 *   any, are written as one list in it
 */
export function registerWorkflow(source: string, names: WorkflowNames, ending: '.js' | ''): string | undefined {
  const withProvider = addProvider(source, names.workflow);
  return withProvider === undefined
    ? undefined
    : addImport(withProvider, names.workflow, makeImportPath(names, ending));
}

/** Writes what a person adds to the module of workflows where {@link registerWorkflow} cannot. */
export function describeRegistration(names: WorkflowNames, ending: '.js' | ''): readonly string[] {
  const { workflow } = names;
  return [
    `import { ${workflow} } from '${makeImportPath(names, ending)}';`,
    `providers: [..., ${workflow}], in its @Module`,
  ];
}

function makeImportPath({ id }: WorkflowNames, ending: string): string {
  return `./${id}/${id}.workflow${ending}`;
}

function addProvider(source: string, workflow: string): string | undefined {
  // The same length, so that positions in it are positions in the source.
  const code = source.replaceAll(TEXT_OR_COMMENT, (part) =>
    part.replaceAll(/[^\n]/g, part.startsWith('/') ? ' ' : '_'),
  );
  const [module, ...others] = [...code.matchAll(MODULE)];
  if (module === undefined || others.length > 0) return undefined;
  const settings = findSpan(code, module.index + module[0].length);
  if (settings === undefined) return undefined;
  const own = hideNested(code.slice(settings.start, settings.end));
  const [key, ...more] = [...own.matchAll(PROVIDERS_KEY)];
  if (key === undefined) {
    // Another list would take the place of the one that is spread.
    if (own.includes('...')) return undefined;
    return append(source, code, settings, `providers: [${workflow}]`, ' ');
  }
  if (more.length > 0 || key.groups?.['list'] === undefined) return undefined;
  const list = findSpan(code, settings.start + key.index + key[0].length);
  if (list === undefined || !/^\s*(,|$)/.test(code.slice(list.end + 1, settings.end))) return undefined;
  const listed = code.slice(list.start, list.end);
  if (new RegExp(`(?<![\\w$])${workflow}(?![\\w$])`).test(listed)) return source;
  return replacePlainList(source, list, workflow) ?? append(source, code, list, workflow, '');
}

/** Finds the bracket that closes the one before `start`. */
function findSpan(code: string, start: number): Span | undefined {
  let depth = 1;
  for (let end = start; end < code.length; end++) {
    const letter = code.charAt(end);
    if ('([{'.includes(letter)) depth++;
    if (')]}'.includes(letter)) depth--;
    if (depth === 0) return { start, end };
  }
  return undefined;
}

/** Overwrites the content of brackets, so that only the keys of the object itself are found. */
function hideNested(code: string): string {
  let depth = 0;
  return [...code]
    .map((letter) => {
      if (')]}'.includes(letter)) depth--;
      const shown = depth === 0 ? letter : '_';
      if ('([{'.includes(letter)) depth++;
      return shown;
    })
    .join('');
}

/** Writes a list of nothing but class names, in lines of its own, as the formatter would: in one line if that fits. */
function replacePlainList(source: string, { start, end }: Span, workflow: string): string | undefined {
  const list = source.slice(start, end);
  const before = /(?:^|\n)(?<indent>[ \t]*)providers:\s*\[$/.exec(source.slice(0, start));
  const after = /^\],?(?=\n|$)/.exec(source.slice(end));
  if (before === null || after === null || !/^[\s\w$,]*$/.test(list)) return undefined;
  const listed = list.split(',').map((name) => name.trim());
  const names = [...new Set([...listed, workflow])].filter((name) => name !== '');
  const indent = before.groups?.['indent'] ?? '';
  return (
    source.slice(0, before.index) +
    (before[0].startsWith('\n') ? '\n' : '') +
    formatProviders(names, indent) +
    source.slice(end + after[0].length)
  );
}

function formatProviders(providers: readonly string[], indent: string): string {
  const line = `${indent}providers: [${providers.join(', ')}],`;
  if (line.length <= LINE_WIDTH) return line;
  return [`${indent}providers: [`, ...providers.map((name) => `${indent}  ${name},`), `${indent}],`].join('\n');
}

/**
 * Adds an entry as the last one between two brackets, in a line of its own if the closing one has such a line.
 * @param code the source without texts and comments
 * @param padding what is put inside the brackets if all is in one line
 */
function append(source: string, code: string, { start, end }: Span, entry: string, padding: string): string {
  const present = code.slice(start, end).trimEnd();
  const last = start + present.length;
  const comma = present.trim() === '' || present.endsWith(',') ? '' : ',';
  const closing = /\n(?<indent>[ \t]*)$/.exec(source.slice(last, end));
  if (closing !== null) {
    const line = last + closing.index + 1;
    const indent = closing.groups?.['indent'] ?? '';
    return `${source.slice(0, last)}${comma}${source.slice(last, line)}${indent}  ${entry},\n${source.slice(line)}`;
  }
  if (present.trim() === '') return `${source.slice(0, start)}${padding}${entry}${padding}${source.slice(end)}`;
  return `${source.slice(0, last)}${comma} ${entry}${source.slice(last)}`;
}

/** Adds an import before the first one of a folder that comes later in the alphabet, or else as the last one. */
function addImport(source: string, name: string, from: string): string {
  const present = [...source.matchAll(IMPORT)];
  if (present.some((declaration) => declaration.groups?.['from'] === from)) return source;
  const line = `import { ${name} } from '${from}';\n`;
  const next = present.find(({ groups }) => groups?.['from']?.startsWith('./') === true && groups['from'] > from);
  const last = present.at(-1);
  const place = next?.index ?? (last === undefined ? 0 : last.index + last[0].length + 1);
  return source.slice(0, place) + line + source.slice(place);
}
