import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/server';
import type { DeltaEvent, OpenWait, RunEvent, RunFinished, RunWaiting } from '../../engine/index.js';
import type { RunError } from '../../errors/index.js';
import { assertNever, type JsonValue } from '../../kernel/index.js';
import { type Delta, DeltaCollector, type OpaqueObject } from '../../streaming/index.js';

/** Whether the result of a tool's call holds what comes in this channel: it has blocks for text and images. */
const IS_IN_RESULT: Readonly<Record<Delta['type'], boolean>> = {
  content: true,
  refusal: true,
  images: true,
  reasoning: false,
  'tool-call': false,
  annotations: false,
  audio: false,
  mcp: false,
};

/** Collects the output of a run, for the result of a tool call. */
export class ToolOutput {
  /** The output by step: output of a process that died is void once another process sends it again. */
  #said: DeltaEvent[] = [];
  #finished: RunFinished | undefined;
  #waiting: RunWaiting | undefined;

  /** Undefined until the run has finished. */
  get finished(): RunFinished | undefined {
    return this.#finished;
  }

  /** The run's waits, if it waits. */
  get waits(): readonly OpenWait[] {
    return this.#waiting?.waits ?? [];
  }

  next(event: RunEvent): void {
    switch (event.type) {
      case 'delta':
        if (IS_IN_RESULT[event.delta.type]) this.#said.push(event);
        break;
      case 'node-restarted':
        this.#said = this.#said.filter(({ node }) => node !== event.node);
        break;
      case 'run-finished':
        this.#finished = event;
        break;
      case 'run-waiting':
        this.#waiting = event;
        break;
      case 'run-continued':
      case 'run-resumed':
        this.#waiting = undefined;
        break;
      case 'run-started':
      case 'run-retrying':
      case 'run-failed':
      case 'node-started':
      case 'node-progress':
      case 'route-taken':
      case 'model-identified':
      case 'node-finished':
      case 'node-failed':
        break;
      default:
        assertNever(event);
    }
  }

  /** The text and the images; at least one block, because some clients rely on it. */
  get content(): ContentBlock[] {
    const { content, refusal, images } = this.#collect();
    const text = content === '' ? refusal : content;
    const shown = images.flatMap(readImage);
    return text === '' && shown.length > 0 ? shown : [{ type: 'text', text }, ...shown];
  }

  /** The text that models wrote, also in a failed run. */
  get text(): string {
    return this.#collect().content;
  }

  #collect(): DeltaCollector {
    const collector = new DeltaCollector();
    for (const { delta } of this.#said) collector.add(delta);
    return collector;
  }
}

const DATA_URL = /^data:([\w.+-]+\/[\w.+-]+);base64,/;

/** An image, as gateways give them: `{type: "image_url", image_url: {url}}`. A web address is passed on as a link. */
function readImage({ image_url: image }: OpaqueObject): ContentBlock[] {
  const url = typeof image === 'object' && image !== null && 'url' in image ? image.url : undefined;
  if (typeof url !== 'string') return [];
  const [head, mimeType] = DATA_URL.exec(url) ?? [];
  if (head === undefined || mimeType === undefined) return [{ type: 'text', text: url }];
  return [{ type: 'image', mimeType, data: url.slice(head.length) }];
}

/**
 * Makes the result of a finished run.
 * @param structured the value that fits the tool's output schema; undefined if it has none
 */
export function makeResult(said: ToolOutput, run: string, structured: JsonValue | undefined): CallToolResult {
  const { finishReason, usage } = said.finished ?? {};
  return {
    content: said.content,
    ...(structured !== undefined && { structuredContent: structured }),
    _meta: {
      'millrace/run': run,
      ...(finishReason !== undefined && { 'millrace/finish_reason': finishReason }),
      ...(usage !== undefined && { 'millrace/usage': usage }),
    },
  };
}

/** Makes the result of a call that failed: its message is the one that clients get in every protocol. */
export function makeErrorResult({ message, type, code, param }: RunError, said?: ToolOutput): CallToolResult {
  return {
    isError: true,
    content: [...(said === undefined || said.text === '' ? [] : said.content), { type: 'text', text: message }],
    _meta: { 'millrace/error': { type, code, param } },
  };
}
