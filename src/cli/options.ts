/** The options that take a value, by name, each with its short form and the name of its value. */
const VALUES = {
  answers: { short: undefined, value: 'json' },
  app: { short: 'a', value: 'file' },
  format: { short: 'f', value: 'format' },
  input: { short: 'i', value: 'json' },
  inspect: { short: undefined, value: 'port' },
  limit: { short: 'n', value: 'number' },
  millrace: { short: undefined, value: 'source' },
  kind: { short: 'k', value: 'kind' },
  main: { short: 'm', value: 'file' },
  model: { short: undefined, value: 'name' },
  project: { short: 'p', value: 'file' },
  status: { short: 's', value: 'status' },
  url: { short: 'u', value: 'address' },
} as const;

/** The options that are there or not. */
const FLAGS = {
  follow: { short: undefined, value: undefined },
  json: { short: undefined, value: undefined },
} as const;

/** All options by name. */
export const OPTIONS: Readonly<Record<OptionName, CliOption>> = { ...VALUES, ...FLAGS };

interface CliOption {
  readonly short: string | undefined;
  /** What its value is called in the usage; undefined: it takes none. */
  readonly value: string | undefined;
}

export type OptionName = keyof typeof VALUES | keyof typeof FLAGS;
export type Options = { readonly [name in keyof typeof VALUES]?: string | undefined } & {
  readonly [name in keyof typeof FLAGS]?: boolean | undefined;
};
