import { isJsonObject, isPresent, type JsonObject } from '../../../kernel/index.js';
import type { AssistantPart, SystemPart, UserPart } from '../dto/index.js';

/** The output of a model: text, a refusal, both, or null for nothing. */
interface AssistantContent {
  readonly content: string | null;
  readonly refusal?: string;
}

/** The output of a tool: text for its message, and parts that such a message cannot hold. */
interface ToolContent {
  readonly text: string;
  readonly media: readonly object[];
}

/** A user's message, in chat form. A single text stays a text, which every model takes. */
export function writeUserContent(content: string | readonly UserPart[]): string | object[] {
  return writeParts(content, writeUserPart);
}

/** An application's instructions, in chat form. */
export function writeSystemContent(content: string | readonly SystemPart[]): string | object[] {
  return writeParts(content, ({ text }) => ({ type: 'text', text }));
}

/** A model's output, in chat form. Its parts are pieces of one text. */
export function writeAssistantContent(content: string | readonly AssistantPart[] | null | undefined): AssistantContent {
  if (!isPresent(content)) return { content: null };
  if (typeof content === 'string') return { content: content === '' ? null : content };
  let text = '';
  let refusal = '';
  for (const part of content) {
    if (part.type === 'refusal') refusal += part.refusal;
    else text += part.text;
  }
  return { content: text === '' ? null : text, ...(refusal !== '' && { refusal }) };
}

/** A tool's output, in chat form: its texts one below the other. */
export function writeToolContent(output: string | readonly UserPart[]): ToolContent {
  if (typeof output === 'string') return { text: output, media: [] };
  const texts = output.flatMap((part) => (part.type === 'input_text' ? [part.text] : []));
  return {
    text: texts.join('\n'),
    media: output.filter(({ type }) => type !== 'input_text').map(writeUserPart),
  };
}

function writeParts<Part extends SystemPart | UserPart>(
  content: string | readonly Part[],
  write: (part: Part) => object,
): string | object[] {
  if (typeof content === 'string') return content;
  const [first] = content;
  return content.length === 1 && first?.type === 'input_text' ? first.text : content.map(write);
}

function writeUserPart(part: UserPart): object {
  switch (part.type) {
    case 'input_text':
      return { type: 'text', text: part.text };
    case 'input_image': {
      const { image_url: url, file_id, detail } = part;
      // Chat has no other part for uploaded files.
      if (!isPresent(url)) return { type: 'file', file: { file_id } };
      const closeness = detail === 'original' ? 'high' : detail;
      return { type: 'image_url', image_url: { url, ...(isPresent(closeness) && { detail: closeness }) } };
    }
    case 'input_file': {
      const { filename, file_data, file_url, file_id } = part;
      return { type: 'file', file: dropNothing({ filename, file_data, file_url, file_id }) };
    }
    default:
      return { type: 'input_audio', input_audio: part.input_audio };
  }
}

/** An object without its null and undefined properties. */
export function dropNothing(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => isPresent(value)));
}

/** The parts of a content or an output that are objects; a text is one part of the given type. */
export function listParts(content: unknown, textType: string): readonly JsonObject[] {
  if (typeof content === 'string') return [{ type: textType, text: content }];
  return Array.isArray(content) ? content.filter(isJsonObject) : [];
}
