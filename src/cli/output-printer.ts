import type { Writable } from 'node:stream';
import type { DeltaEvent, RunEvent, RunFailed } from '../engine/index.js';
import { assertNever } from '../kernel/index.js';
import type { Delta } from '../streaming/index.js';

/** A stream that may be a terminal. */
type OutputStream = Pick<Writable, 'write'> & { readonly isTTY?: boolean };

const DIM = '\u001B[2m';
const PLAIN = '\u001B[0m';
/** Control characters other than tab and line feed: what a model says must not control the terminal. */
const CONTROLS = /[^\P{Cc}\t\n]/gu;

/**
 * Prints a run as it goes: the content to stdout; the names of nodes, reasoning and notes to stderr, dimmed. In a
 * terminal, the two make one text.
 */
export class OutputPrinter {
  readonly #stdout: OutputStream;
  readonly #stderr: OutputStream;
  readonly #separator: string;
  readonly #dim: (text: string) => string;
  /** The node that wrote last, and its channel. */
  #node: string | undefined;
  #channel: string | undefined;
  /** Outputs in the middle of a line; stdout stands for both if both are one terminal. */
  readonly #inLine = new Set<OutputStream>();

  /** @param separator what the run puts between the content of two nodes */
  constructor(
    {
      stdout,
      stderr,
      env,
    }: {
      readonly stdout: OutputStream;
      readonly stderr: OutputStream;
      readonly env: Readonly<Record<string, string | undefined>>;
    },
    separator: string,
  ) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#separator = separator;
    // https://no-color.org
    const isDimmed = stderr.isTTY === true && (env['NO_COLOR'] ?? '') === '';
    this.#dim = (text) => (isDimmed && text !== '' ? `${DIM}${text}${PLAIN}` : text);
  }

  print(event: Exclude<RunEvent, RunFailed>): void {
    switch (event.type) {
      case 'delta':
        this.#printDelta(event);
        break;
      case 'node-progress':
        this.#printNote(`${event.node}: ${event.message}`);
        break;
      case 'route-taken':
        this.#printNote(`${event.node}: ${event.branch}`);
        break;
      case 'node-failed':
        if (event.recovered) this.#printNote(`${event.node} failed, and the run continues: ${event.error.message}`);
        break;
      case 'run-finished':
        this.#endLine(this.#stdout);
        this.#printNote(
          [
            event.finishReason,
            ...(event.usage === undefined
              ? []
              : [`${event.usage.prompt_tokens} + ${event.usage.completion_tokens} tokens`]),
          ].join(', '),
        );
        break;
      case 'run-waiting':
        this.#endLine(this.#stdout);
        for (const { name, shown } of event.waits) this.#printNote(`waits for ${name}: ${JSON.stringify(shown)}`);
        break;
      case 'run-retrying':
        this.#endLine(this.#stdout);
        this.#printNote(`failed, and is tried again: ${event.error.message}`);
        break;
      case 'run-continued':
      case 'run-started':
      case 'run-resumed':
      case 'node-restarted':
      case 'node-started':
      case 'model-identified':
      case 'node-finished':
        break;
      default:
        assertNever(event);
    }
  }

  /** Ends the current line, so that the reason why the run has failed is on a line of its own. */
  breakLine(): void {
    this.#endLine(this.#stderr);
  }

  #printDelta({ node, delta }: DeltaEvent): void {
    const channel = delta.type;
    let text = findText(delta);
    // A piece of sound has no words.
    if (text === '') return;
    if (node !== this.#node) {
      // The separator between two nodes' texts is part of the content, and reads better before the header.
      if (channel === 'content' && this.#node !== undefined && text.startsWith(this.#separator)) {
        this.#write(this.#stdout, this.#separator);
        text = text.slice(this.#separator.length);
      }
      this.#printNote(`── ${node}`);
    } else if (channel !== this.#channel) {
      this.#endLine(this.#stderr);
    }
    this.#node = node;
    this.#channel = channel;
    if (channel === 'content') this.#write(this.#stdout, text);
    else this.#write(this.#stderr, text, this.#dim);
  }

  /** A dim line of its own. */
  #printNote(text: string): void {
    this.#endLine(this.#stderr);
    this.#write(this.#stderr, text.replaceAll('\n', ' '), this.#dim);
    this.#endLine(this.#stderr);
  }

  #endLine(output: OutputStream): void {
    if (this.#inLine.has(this.#findScreen(output))) this.#write(output, '\n');
  }

  #write(output: OutputStream, text: string, style: (text: string) => string = String): void {
    // When it is redirected, the content is written byte for byte.
    const shown = output.isTTY === true ? text.replaceAll(CONTROLS, '') : text;
    if (shown === '') return;
    output.write(style(shown));
    const screen = this.#findScreen(output);
    if (shown.endsWith('\n')) this.#inLine.delete(screen);
    else this.#inLine.add(screen);
  }

  #findScreen(output: OutputStream): OutputStream {
    return this.#stdout.isTTY === true && this.#stderr.isTTY === true ? this.#stdout : output;
  }
}

/** What a person can read of a delta. */
function findText(delta: Delta): string {
  switch (delta.type) {
    case 'tool-call':
      return `${delta.name ?? ''}${delta.arguments}`;
    case 'annotations':
      return delta.annotations.map((annotation) => `${JSON.stringify(annotation)}\n`).join('');
    case 'images':
      return delta.images.map(() => '[image]\n').join('');
    case 'mcp':
      return delta.step === 'calling' ? `${delta.server}: ${delta.name}(${delta.arguments})\n` : '';
    case 'audio':
      return delta.transcript ?? '';
    case 'content':
    case 'reasoning':
    case 'refusal':
      return delta.text;
    default:
      return assertNever(delta);
  }
}
