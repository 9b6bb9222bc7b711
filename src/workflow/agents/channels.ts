import { describeValue } from '../../kernel/index.js';
import type { TextChannel } from '../../streaming/index.js';
import type { WiringProblem } from '../wiring-error.js';

/** Which field of a structured output streams in which channel. Fields that it does not name do not reach the client. */
export type ChannelMap<Output> = { readonly [Field in keyof Output & string]?: TextChannel };

/** Makes it a compile error to name one channel twice, because the texts of two fields would run into each other. */
export type OneFieldPerChannel<C> = {
  readonly [Field in keyof C]: TextChannel extends C[Field]
    ? C[Field]
    : C[Field] extends C[Exclude<keyof C, Field>]
      ? { readonly fieldsOfOneChannel: keyof C }
      : C[Field];
};

const CHANNELS: ReadonlySet<unknown> = new Set(
  Object.keys({
    content: true,
    reasoning: true,
    refusal: true,
  } satisfies Record<TextChannel, true>),
);

/**
 * Checks what the types of channels check, for code without types: otherwise the client would get an empty output.
 * @param channels fields and channels, as the author has written them
 * @param fields of the output, in order
 * @returns undefined if nothing is wrong
 */
export function findChannelProblem(channels: ChannelMap<never>, fields: readonly string[]): WiringProblem | undefined {
  const entries = Object.entries<unknown>(channels).filter(([, channel]) => channel !== undefined);
  const code = 'invalid_channels';
  for (const [field, channel] of entries) {
    if (!fields.includes(field)) {
      const problem = `it streams the field "${field}", which its output does not have.`;
      return { code, problem, fix: `Name fields of the output: ${fields.join(', ')}.` };
    }
    if (!CHANNELS.has(channel)) {
      const problem = `it streams the field "${field}" in the channel ${describeValue(channel)}, which does not exist.`;
      return { code, problem, fix: `Use one of ${[...CHANNELS].join(', ')}.` };
    }
    const [other] = entries.find(([name, used]) => name !== field && used === channel) ?? [];
    if (other !== undefined) {
      const problem = `it streams the fields "${field}" and "${other}" in one channel, where they would run into each other.`;
      return { code, problem, fix: 'Give each a channel of its own.' };
    }
  }
  return undefined;
}
