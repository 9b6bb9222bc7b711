import { IsIn, IsOptional, Matches } from 'class-validator';
import { Address } from './address.js';
import { Credential } from './credential.js';
import { RequestHeaders } from './header-list.js';
import { readSwitch } from './switch.js';

const STRUCTURED_OUTPUT = ['json_schema', 'tool', 'prompt'] as const;
const MESSAGES = ['openai', 'plain'] as const;
const SWITCH = ['on', 'off'] as const;

const PROVIDERS = [
  'OPENAI',
  'AZURE_OPENAI',
  'ANTHROPIC',
  'GOOGLE',
  'GOOGLE_VERTEX_AI',
  'MISTRAL',
  'BEDROCK',
  'OLLAMA',
] as const;
/** Keys and tokens. */
export const PROVIDER_CREDENTIALS = [
  'OPENAI_API_KEY',
  'AZURE_OPENAI_API_KEY',
  'ANTHROPIC_API_KEY',
  'GOOGLE_API_KEY',
  'GEMINI_API_KEY',
  'GOOGLE_VERTEX_AI_ACCESS_TOKEN',
  'MISTRAL_API_KEY',
  'AWS_BEARER_TOKEN_BEDROCK',
  'OLLAMA_API_KEY',
] as const;
const CREDENTIAL_FILES = PROVIDER_CREDENTIALS.map((name) => `${name}_FILE` as const);
/** They become parts of addresses. */
const NAMES = [
  'OPENAI_API_VERSION',
  'GOOGLE_VERTEX_AI_PROJECT',
  'GOOGLE_VERTEX_AI_LOCATION',
  'AWS_REGION',
  'BEDROCK_AWS_REGION',
] as const;

type Provider = (typeof PROVIDERS)[number];
type AddressVariable = `${Provider}_BASE_URL` | 'AZURE_OPENAI_ENDPOINT';
/** A variable that holds a key or token; the one with `_FILE` behind it names a file that does. */
export type ProviderCredential = (typeof PROVIDER_CREDENTIALS)[number];
type TextVariable =
  | ProviderCredential
  | `${ProviderCredential}_FILE`
  | (typeof NAMES)[number]
  | `${Provider}_${'MODEL' | 'REASONING_TAG' | 'HEADERS'}`;

/** A variable of the environment that has to do with a model provider. */
export type ProviderVariable =
  AddressVariable | TextVariable | `${Provider}_${'STRUCTURED_OUTPUT' | 'MESSAGES' | 'STREAM' | 'DEVELOPER_ROLE'}`;

/**
 * The variables of the model providers that are set, by name; docs/providers.md explains them. Which of them a provider
 * needs is not checked here: only a workflow that uses the provider cannot do without.
 */
export type ProviderVariables = Readonly<
  /** Has a default, which the demo takes as well. */
  Record<'OPENAI_MODEL', string> &
    Partial<Record<AddressVariable | TextVariable, string>> &
    Partial<Record<`${Provider}_STRUCTURED_OUTPUT`, (typeof STRUCTURED_OUTPUT)[number]>> &
    Partial<Record<`${Provider}_MESSAGES`, (typeof MESSAGES)[number]>> &
    Partial<Record<`${Provider}_DEVELOPER_ROLE`, (typeof SWITCH)[number]>> &
    /** Default `on`. */
    Partial<Record<`${Provider}_STREAM`, 'on' | 'off'>>
>;

const BASE_URLS = PROVIDERS.map((name) => `${name}_BASE_URL` as const);
/** Own headers of requests, which often hold a key. */
export const PROVIDER_HEADERS = PROVIDERS.map((name) => `${name}_HEADERS` as const);
const MODELS = PROVIDERS.map((name) => `${name}_MODEL` as const);
const METHODS = PROVIDERS.map((name) => `${name}_STRUCTURED_OUTPUT` as const);
const TAGS = PROVIDERS.map((name) => `${name}_REASONING_TAG` as const);
const STREAMS = PROVIDERS.map((name) => `${name}_STREAM` as const);
const FORMS = PROVIDERS.map((name) => `${name}_MESSAGES` as const);
const SWITCHES = PROVIDERS.map((name) => `${name}_DEVELOPER_ROLE` as const);

/** All of them. */
export const PROVIDER_VARIABLES: readonly ProviderVariable[] = [
  ...PROVIDER_CREDENTIALS,
  ...CREDENTIAL_FILES,
  ...NAMES,
  ...MODELS,
  ...BASE_URLS,
  'AZURE_OPENAI_ENDPOINT',
  ...PROVIDER_HEADERS,
  ...METHODS,
  ...STREAMS,
  ...TAGS,
  ...FORMS,
  ...SWITCHES,
];

/** Carries the rules that the values have to keep. No message shows a value: addresses, too, can hold credentials. */
export class ProviderEnvironment {}

const RULES: readonly (readonly [readonly ProviderVariable[], PropertyDecorator])[] = [
  [PROVIDER_VARIABLES, IsOptional()],
  [PROVIDER_CREDENTIALS, Credential()],
  [BASE_URLS, Address({ example: 'http://localhost:11434/v1', credentials: true, query: true })],
  [['AZURE_OPENAI_ENDPOINT'], Address({ example: 'https://name.openai.azure.com', credentials: true, query: false })],
  [PROVIDER_HEADERS, RequestHeaders()],
  [
    [...MODELS, ...CREDENTIAL_FILES],
    Matches(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, { message: '$property must hold no line break or other control character' }),
  ],
  [METHODS, IsIn(STRUCTURED_OUTPUT, { message: `$property must be one of ${STRUCTURED_OUTPUT.join(', ')}` })],
  [STREAMS, IsIn(['on', 'off'], { message: '$property must be on or off' })],
  [FORMS, IsIn(MESSAGES, { message: `$property must be one of ${MESSAGES.join(', ')}` })],
  [SWITCHES, IsIn(SWITCH, { message: '$property must be on or off' })],
  [
    TAGS,
    Matches(/^(\/?[a-z][\w-]{0,31})(,[a-z][\w-]{0,31})*$/i, {
      message: '$property must be off, or the name of a tag, such as think; several with commas',
    }),
  ],
  [NAMES, Matches(/^[\w.:-]+$/, { message: '$property must consist of letters, digits and . : _ -' })],
];

/** Puts the words of switches into `on` and `off`; what is none stays, and breaks a rule. */
export function normalizeSwitches(values: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const switches = [...STREAMS, ...SWITCHES].flatMap((name) => {
    const isOn = readSwitch(values[name] ?? '');
    return isOn === undefined ? [] : [[name, isOn ? 'on' : 'off'] as const];
  });
  return { ...values, ...Object.fromEntries(switches) };
}

for (const [names, rule] of RULES) for (const name of names) rule(ProviderEnvironment.prototype, name);
