import { readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { ensureError } from '../../kernel/index.js';
import type { PromptFile } from '../../workflow/index.js';
import { PromptError } from './prompt-error.js';
import { Prompt, type PromptVariables } from './prompt.js';
import { PROJECT, type SourceFolders } from './source-folders.js';

/** How prompt files are cached and found. */
interface PromptManagerOptions {
  /** Whether a changed file is read again. For development: it checks the disk for each use. */
  readonly reload?: boolean;
  /** Where to read files of the build from instead, so that edits of the sources need no build. */
  readonly sourceFolders?: SourceFolders | undefined;
}

const NOT_COPIED =
  ' TypeScript does not copy prompt files: build with `millrace build`, or add it to the assets of nest-cli.json.';

interface KeptPrompt {
  readonly prompt: Prompt;
  readonly modifiedAt: number;
}

/** Reads each prompt file once. */
export class PromptManager {
  readonly #kept = new Map<string, KeptPrompt>();
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
    // Messages name the relative path: it is shorter, and the same on every machine.
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

  /** @throws PromptError if the file cannot be used, or a variable is missing or unknown */
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
