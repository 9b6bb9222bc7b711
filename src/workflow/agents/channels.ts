import type { TextChannel } from '../../streaming/index.js';

/** Which field of a structured answer streams in which channel. Fields that are not in it are not shown. */
export type ChannelMap<Output> = { readonly [Field in keyof Output & string]?: TextChannel };

/** Two fields in one channel would run into each other: naming it twice does not compile. */
export type OneFieldPerChannel<C> = {
  readonly [Field in keyof C]: C[Field] extends C[Exclude<keyof C, Field>] ? never : C[Field];
};
