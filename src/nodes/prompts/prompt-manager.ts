import { readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { ensureError } from '../../kernel/index.js';
import type { PromptFile } from '../../workflow/index.js';
import { PromptError } from './prompt-error.js';
import { Prompt, type PromptVariables } from './prompt.js';
import { PROJECT, type SourceFolders } from './source-folders.js';

/** How prompt files are kept. */
export interface PromptManagerOptions {
  /** Whether a file that has changed since it was read is read again. For development: it asks the disk each time. */
  readonly reload?: boolean;
  /** Files of the build are read where they were copied from, so that edits there need no build. */
  readonly sourceFolders?: SourceFolders | undefined;
}

const NOT_COPIED = ' TypeScript copies none: build with `millrace build`, or name it in the assets of nest-cli.json.';

interface Kept {
  readonly prompt: Prompt;
  readonly modifiedAt: number;
}

/** Reads prompt files, each once. */
export class PromptManager {
  readonly #kept = new Map<string, Kept>();
  readonly #reload: boolean;
  readonly #sourceFolders: SourceFolders | undefined;

  constructor({ reload = false, sourceFolders }: PromptManagerOptions = {}) {
    this.#reload = reload;
    this.#sourceFolders = sourceFolders;
  }

  /** @throws PromptError if the file cannot be read or used */
  load(file: PromptFile<never>): Prompt {
    const kept = this.#kept.get(file.path);
    if (kept !== undefined && !this.#reload) return kept.prompt;
    const path = this.#locate(file);
    // Shorter than the whole path, and the same on every machine and in every working folder.
    const name = relative(PROJECT, path);
    try {
      const modifiedAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
      if (modifiedAt === undefined) throw new PromptError(name, `does not exist.${isBuilt(path) ? NOT_COPIED : ''}`);
      if (kept?.modifiedAt === modifiedAt) return kept.prompt;
      const prompt = new Prompt(name, readFileSync(path, 'utf8'));
      this.#kept.set(file.path, { prompt, modifiedAt });
      return prompt;
    } catch (error) {
      if (error instanceof PromptError) throw error;
      throw new PromptError(name, `cannot be read: ${ensureError(error).message}.`, { cause: error });
    }
  }

  /** @throws PromptError if the file cannot be used, or a variable is missing or not known to it */
  render(file: PromptFile<never>, variables?: PromptVariables): string {
    return this.load(file).render(variables);
  }

  #locate({ path }: PromptFile<never>): string {
    if (this.#sourceFolders === undefined) return path;
    const { build, sources } = this.#sourceFolders;
    return path.startsWith(build + sep) ? join(sources, relative(build, path)) : path;
  }
}

function isBuilt(path: string): boolean {
  return path.startsWith(join(PROJECT, 'dist') + sep);
}
