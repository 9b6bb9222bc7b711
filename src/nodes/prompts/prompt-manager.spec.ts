import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { promptFile, type PromptFile } from '../../workflow/index.js';
import { PromptManager } from './prompt-manager.js';

describe('PromptManager', () => {
  let folder: string;
  let file: PromptFile;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'prompts-'));
    file = promptFile('./prompts with spaces.md', pathToFileURL(join(folder, 'node.js')).href);
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const write = (text: string, second: number): void => {
    writeFileSync(file.path, text);
    utimesSync(file.path, second, second);
  };

  it('reads a file once', () => {
    const prompts = new PromptManager();
    write('First {{ x }}', 1);
    const prompt = prompts.load(file);
    write('Second {{ x }}', 2);
    expect(prompts.load(file)).toBe(prompt);
    expect(prompts.render(file, { x: 1 })).toBe('First 1');
  });

  it('reads a changed file again, if it is set to reload', () => {
    const prompts = new PromptManager({ reload: true });
    write('First', 1);
    const prompt = prompts.load(file);
    expect(prompts.load(file)).toBe(prompt);
    write('Second', 2);
    expect(prompts.render(file)).toBe('Second');
    write('{{ broken', 3);
    expect(() => prompts.render(file)).toThrow('has a mistake');
    write('Mended', 4);
    expect(prompts.render(file)).toBe('Mended');
  });

  it('reads a file of the build from the sources, and names the source file in errors', () => {
    const [build, sources] = [join(folder, 'dist'), join(folder, 'src')];
    mkdirSync(join(sources, 'care'), { recursive: true });
    const prompts = new PromptManager({ reload: true, sourceFolders: { build, sources } });
    const copied = promptFile('./answer.md', pathToFileURL(join(build, 'care/care.node.js')).href);
    expect(() => prompts.load(copied)).toThrow(/src\/care\/answer\.md does not exist/);
    writeFileSync(join(sources, 'care/answer.md'), 'In src {{ x }}');
    expect(prompts.render(copied, { x: 1 })).toBe('In src 1');
    expect(() => prompts.render(copied)).toThrow(/src\/care\/answer\.md cannot be rendered: undefined variable: x/);
    // Files elsewhere are read in place, even if the name of their folder begins like that of the build.
    const elsewhere = promptFile('./dist-2.md', pathToFileURL(join(folder, 'node.js')).href);
    writeFileSync(elsewhere.path, 'Elsewhere');
    expect(prompts.render(elsewhere)).toBe('Elsewhere');
  });

  it.each(['c#-review.md', '100%.md', 'a%20b.md', 'what?.md', 'two words.md', 'größe 漢字.md', "it's [1] & {2}.md"])(
    'takes the name %s as it stands',
    (name) => {
      for (const path of [name, `./prompts/../${name}`]) {
        const named = promptFile(path, pathToFileURL(join(folder, 'node.js')).href);
        writeFileSync(join(folder, name), `I am ${name}`);
        expect(new PromptManager().render(named)).toBe(`I am ${name}`);
      }
    },
  );

  it('says which file it cannot read', () => {
    const asFile = promptFile('.', pathToFileURL(`${folder}/`).href);
    expect(() => new PromptManager().load(asFile)).toThrow(/cannot be read/);
    expect(() => new PromptManager().load(file)).toThrow(/prompts with spaces\.md does not exist\.$/);
  });

  it('says how a file that is missing gets into the build', () => {
    const built = promptFile('./no-such-prompt.md', new URL('../../../dist/app.module.js', import.meta.url).href);
    expect(() => new PromptManager().load(built)).toThrow(
      'The prompt file dist/no-such-prompt.md does not exist. TypeScript does not copy prompt files: build with `millrace build`, or add it to the assets of nest-cli.json.',
    );
  });
});
