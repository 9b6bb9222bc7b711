import { CliError } from '../cli-error.js';
import type { WorkflowNames } from './workflow-names.js';

/** An import declaration at the beginning of a line; the compiler's own parser is not installed in production. */
const IMPORT = /^import\s[^;]*?from\s+(['"])(?<from>[^'"]+)\1;$/gm;
/** A list of providers that holds nothing but class names. */
const PROVIDERS = /^(?<indent>[ \t]*)providers:\s*\[(?<list>[\s\w$,]*)\],?$/gm;
const LINE_WIDTH = 120;

/**
 * Adds a new workflow to the source of the module of workflows. Adding it twice changes nothing.
 * @param ending that of the paths of imports in the project: `.js`, or nothing where it compiles to CommonJS
 * @throws CliError that says what to write by hand, if the source does not have the form that this understands
 */
export function registerWorkflow(source: string, names: WorkflowNames, ending: '.js' | ''): string {
  const { id, workflow } = names;
  const from = `./${id}/${id}.workflow${ending}`;
  const lists = [...source.matchAll(PROVIDERS)];
  const [list] = lists;
  if (list === undefined || lists.length > 1 || [...source.matchAll(IMPORT)].length === 0) {
    throw new CliError(
      [
        'The module of workflows does not have one plain list of providers, so nothing was changed. Add this by hand:',
        `  import { ${workflow} } from '${from}';`,
        `  providers: [..., ${workflow}]`,
      ].join('\n'),
    );
  }
  const listed = (list.groups?.['list'] ?? '').split(',').map((name) => name.trim());
  const providers = [...new Set([...listed, workflow])].filter((name) => name !== '');
  const withProviders =
    source.slice(0, list.index) +
    formatProviders(providers, list.groups?.['indent'] ?? '') +
    source.slice(list.index + list[0].length);
  return addImport(withProviders, workflow, from);
}

/** Writes the list as the formatter would: in one line if that fits. */
function formatProviders(providers: readonly string[], indent: string): string {
  const line = `${indent}providers: [${providers.join(', ')}],`;
  if (line.length <= LINE_WIDTH) return line;
  return [`${indent}providers: [`, ...providers.map((name) => `${indent}  ${name},`), `${indent}],`].join('\n');
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
