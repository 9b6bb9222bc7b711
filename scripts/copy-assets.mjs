/**
 * Copies what the compiler leaves behind, such as prompt files and the playground, from src to the same place in dist.
 */
import { cpSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

cpSync(join(root, 'src'), join(root, 'dist'), {
  recursive: true,
  filter: (source) => statSync(source).isDirectory() || !/\.ts$|[/\\]tsconfig\.json$/.test(source),
});
