import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { promptFile, type PromptFile } from './prompt-file.js';
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
    writeFileSync(file.url, text);
    utimesSync(file.url, second, second);
  };

  it('reads a file once', () => {
    const prompts = new PromptManager();
    write('First {{ x }}', 1);
    const prompt = prompts.load(file);
    write('Second {{ x }}', 2);
    expect(prompts.load(file)).toBe(prompt);
    expect(prompts.render(file, { x: 1 })).toBe('First 1');
  });

  it('reads it again when it has changed, if it is told to', () => {
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

  it('says which file it cannot read', () => {
    const asFile = promptFile('.', pathToFileURL(`${folder}/`).href);
    expect(() => new PromptManager().load(asFile)).toThrow(/cannot be read/);
    expect(() => new PromptManager().load(file)).toThrow(/prompts with spaces\.md does not exist/);
  });
});
