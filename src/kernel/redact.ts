const REDACTED = '[redacted]';

/**
 * Credentials by the form that their issuers give them. Words of a program that only begin alike (`key_points`,
 * `org_structure`) are not credentials: a prefix must be followed by as many characters as a credential has, usually
 * with a digit among them.
 */
const SECRETS = joinPlaces(
  [
    // OpenAI, Anthropic, OpenRouter, DeepSeek, Langfuse, Stripe; also where an error has put stars for the middle.
    /\b(?:sk|rk|pk)-[\w*-]{8,}/,
    /\b(?:sk|rk|pk)_(?:live|test|prod)_\w{8,}/,
    /\b(?:sk|pk|key|org|proj|sess)[-_](?=[A-Za-z*]*[\d*])[A-Za-z\d*]{12,}/,
    /\b(?:org|proj|sess)[-_](?:[A-Z\d]{12,}|[A-Za-z\d]{20,})/,
    // Groq, xAI, Perplexity, Hugging Face, Replicate, NVIDIA, Fireworks, Cerebras, Together, LangSmith.
    /\b(?:gsk|xai|pplx|tvly|hf|r8|nvapi|fw|csk|tgp_v1|lsv2_pt|lsv2_sk)[-_](?=[A-Za-z_-]{0,40}\d)[\w-]{16,}/,
    /\bhf_[A-Za-z]{30,}/,
    // Google, AWS, Azure.
    /\b(?:AIza[\w-]{16,}|ya29\.[\w.-]{6,}|GOCSPX-[\w-]{16,})/,
    /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z\d]{12,}/,
    /\bABSK[A-Za-z\d+/]{20,}={0,2}/,
    /\b[A-Za-z\d]{16,100}JQQJ99[A-Za-z\d]{8,}/,
    // GitHub, GitLab, Slack, npm, PyPI, SendGrid, DigitalOcean, Databricks, Doppler, Grafana, Telegram.
    /\b(?:gh[pousr]_[A-Za-z\d]{16,}|github_pat_\w{16,})/,
    /\bgl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat)-[\w-]{12,}/,
    /\b(?:xox[a-z]-[\w-]{8,}|xapp-[\w-]{8,})/,
    /\b(?:npm_[A-Za-z\d]{20,}|pypi-[\w-]{16,}|SG\.[\w-]{12,100}\.[\w-]{12,}|do[opr]_v1_[a-f\d]{20,}|dapi[a-f\d]{20,})/,
    /\b(?:dp\.(?:pt|st|ct|sa)\.[\w.-]{16,}|glsa_\w{16,}|glc_\w{16,}|whsec_\w{16,}|\d{8,10}:AA[\w-]{30,})/,
    // Addresses that are keys themselves: everybody who has one can post.
    /(?<=\bhooks\.slack\.com\/services\/)[\w/]{20,}/,
    /(?<=\bdiscord(?:app)?\.com\/api\/webhooks\/)[\w/-]{20,}/,
    // Docker, Vault, Shopify, Atlassian, Linear, Figma, Square, age.
    /\b(?:dckr_[po]at_[\w-]{16,}|hv[sbr]\.[\w-]{16,}|shp(?:at|ca|pa|ss)_[a-fA-F\d]{16,}|AT[AC]TT3x[\w=-]{16,})/,
    /\b(?:lin_(?:api|oauth)_\w{16,}|fig[dour]_[\w-]{16,}|sq0[a-z]{3}-[\w-]{16,}|AGE-SECRET-KEY-1[A-Za-z\d]{16,})/,
    // The secret of AWS has no form of its own, but stands beside the id of its key.
    /(?<![\w/+])[A-Za-z\d/+]{40}(?![\w/+=])(?<=(?:AKIA|ASIA)[A-Z\d]{16}[^\n]{1,60}[A-Za-z\d/+]{40})/,
    // JSON Web Tokens, also the beginning of one; what stands in an Authorization header; private keys.
    /\beyJ[\w-]{12,}(?:\.[\w-]*)*/,
    /\b(?:[Bb]earer|BEARER|[Bb]asic)\s+(?=[\w~+/*-]*[\d.=*])[\w.~+/=*-]{8,}/,
    /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:(?!-----END)(?:[\w\s+/=:,.-]|\\+[nrt]))*(?:-----END [A-Z ]{0,40}-----)?/,
  ],
  'g',
);
/**
 * Where a value ends: at a blank, a quotation mark, or a sign that separates. A backslash before a quotation mark belongs
 * to the mark.
 */
const VALUE_CHARACTER = '(?:[^\\s"\'`&,;)}\\\\]|\\\\+(?!["\'\\\\]))';
/** A text between quotation marks may hold blanks. */
const QUOTED_CHARACTER = '(?:[^"\'`\\n\\\\]|\\\\+(?!["\'\\\\]))';
/** Also as JSON within JSON has it: `\"`. */
const QUOTE = '\\\\{0,3}["\'`]';
const SECRET_NAME =
  '(?:api[-_ ]?key|(?:access|account|secret|private|encryption)[-_ ]?key|(?:access|api|auth|bearer|bot|id|private|refresh|security|session|gh|github|gitlab|hf|npm|slack)[-_]?token|client[-_]?secret|(?<![a-z])secret|password|passwd|passphrase|(?:db|smtp|mysql|postgres|pg|redis|admin|root)_?pass|(?<![a-z])pwd)';
const TOKEN = '(?<![\\w-])token';
const ANY_NAME = `(?:${SECRET_NAME}|${TOKEN})`;

/**
 * A value by its name: `?api-key=…`, `"password": "…"`. After a colon that may belong to a sentence (`token: expected …`),
 * a value counts only if it has a digit or is longer than any word.
 */
const NAMED_SECRETS = joinPlaces(
  [
    `(?<=${ANY_NAME}\\s?=\\s?${QUOTE}|${ANY_NAME}${QUOTE}\\s?[:=]\\s?${QUOTE}|${SECRET_NAME}:\\s{0,3}${QUOTE})${QUOTED_CHARACTER}{3,256}`,
    `(?<=${ANY_NAME}=)${VALUE_CHARACTER}{4,}`,
    `(?<=${SECRET_NAME}(?:${QUOTE})?\\s?[:=]\\s{0,3}|\\bkey provided:\\s)(?:(?=[^\\s]{0,200}\\d)${VALUE_CHARACTER}{6,}|[\\w+/=-]{20,})`,
    `(?<=${TOKEN}(?:${QUOTE})?\\s?[:=]\\s{0,3}(?:${QUOTE})?)(?=[^\\s]{0,200}\\d)(?=[^\\s]{0,200}[a-z])${VALUE_CHARACTER}{10,}`,
    `(?<=\\bauthorization(?:${QUOTE})?\\s?[:=]\\s{0,3}(?:${QUOTE})?)(?:[a-z-]{1,20}\\s{1,3})?(?=[^\\s]{0,200}[\\d=*])${VALUE_CHARACTER}{6,}`,
    // Signatures of addresses that Azure gives out.
    '(?<=(?<!\\w)sig=)[\\w%+/=-]{16,}',
  ].map((source) => new RegExp(source)),
  'gi',
);

const COLON = '(?::|%(?:25){0,3}3a|\\\\{1,3}u003a)';
const SLASH = '(?:\\\\{0,3}/|%(?:25){0,3}2f|\\\\{1,3}u002f)';
const AT = '(?:@|%(?:25){0,3}40)';
/** How an address begins, also within JSON (`https:\/\/`) and within another address (`https%3A%2F%2F`). */
const SCHEME = `[a-z][a-z\\d+.-]{0,20}${COLON}${SLASH}{2}`;
/** User and password. A password can hold an `@` itself, so it ends at the last one; but not in another text of the same JSON. */
const USER_INFO = `(?:(?!%(?:25){0,3}2f|"[,:}\\]])[^\\s/]){1,512}${AT}`;
const USER_AND_PASSWORD = `(?<![\\w.+~%-])[\\w.+~-]{1,64}${COLON}${USER_INFO.replace('512', '128')}`;

/** The user and password of an address, or of a host without a scheme. */
const CREDENTIALS_IN_ADDRESS = new RegExp(`(?<=${SCHEME})${USER_INFO}|${USER_AND_PASSWORD}`, 'gi');

const INTERNET = 'com|net|org|io|ai|dev|cloud|app|co|info|biz|edu|gov|de|eu|uk|us|fr|ch|at|nl|jp|cn|ru|kr|br';
const INNER_NET =
  'internal|intranet|intra|local|localdomain|lan|corp|home|private|svc|test|example|invalid|localhost|arpa';
const HEX = '[\\da-f]{1,4}';

const PART_OF_PATH = '[^\\s/"\'`<>|,;:()[\\]{}\\\\]+';
/** What is named in requests and in JSON schemas. */
const NAMED_IN_REQUESTS =
  'content|role|name|text|type|refusal|tool_calls|tool_call_id|id|function|custom|arguments|description|strict|parameters|image_url|url|detail|input_audio|data|format|file|file_data|file_id|filename|json_schema|schema|items|required|enum|const|anyOf|oneOf|allOf|not|default|pattern|minimum|maximum|minLength|maxLength|minItems|maxItems|additionalProperties';
const OF_A_SCHEMA = '(?:properties|patternProperties|\\$defs|definitions)/[\\w-]{1,64}';
/** A pointer into the request, such as `/messages/0/content`, and nothing after it that leads anywhere else. */
const POINTER = `/(?:messages|tools|functions|response_format|tool_choice|\\d{1,6}|${OF_A_SCHEMA})(?:/(?:\\d{1,6}|${NAMED_IN_REQUESTS}|${OF_A_SCHEMA})(?![\\w-]))*(?![\\w/@+~%$-]|\\.[\\w./])`;

/** Addresses, names of hosts, and paths of files. */
const PLACES = joinPlaces(
  [
    new RegExp(`${SCHEME}(?:${USER_INFO})?(?:\\[[^\\s\\]]{0,60}\\]|[^\\s"'<>)\\]])+`),
    // Hosts after a user and password, which an earlier rule may have replaced.
    new RegExp(`(?:\\[redacted\\]@|${USER_AND_PASSWORD})[^\\s"'<>)\\]]+`),
    // Addresses of IP, with or without a port.
    /\b(?:\d{1,3}\.){3}\d{1,3}(?:\/\d{1,2})?(?::\d{1,5})?\b/,
    /\[[\da-f]*:[\da-f:.]+(?:%\w+)?\](?::\d{1,5})?/,
    new RegExp(`(?<![\\w:])(?:${HEX}:){3,7}${HEX}(?![\\w:])`),
    new RegExp(`(?<![\\w:])${HEX}(?::${HEX}){0,6}::(?:${HEX}(?::${HEX}){0,6})?(?![\\w:])`),
    new RegExp(`(?<![\\w:])::${HEX}(?::${HEX}){0,6}(?![\\w:])`),
    // Names of hosts: with a port, with an ending of the internet or of an inner network, or named as one.
    /\b[a-z\d][\w-]{0,62}(?:\.[\w-]{1,63})+:\d{2,5}\b/,
    /\b[a-z][a-z\d-]{0,62}:\d{4,5}\b/,
    new RegExp(`\\b(?:[\\w-]{1,63}\\.)+(?:${INTERNET}|${INNER_NET})\\b(?![.[]\\w)`),
    /\blocalhost\b/,
    /(?<=\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH)\s)\S+/,
    /(?<=\bhost(?:name)?[=:]\s?["']?)[^\s"',;)]+/,
    // Paths: from a root, a home, a machine, a drive, or where the program runs, and files of programs.
    new RegExp(`(?<![\\w/.~])(?:~[\\w-]{0,32})?(?!${POINTER})/${PART_OF_PATH}(?:/(?:${PART_OF_PATH})?)+`),
    new RegExp(`(?<![\\w/.~])\\.{1,2}(?:/${PART_OF_PATH})+/?`),
    new RegExp(`(?<![\\w:/.~])//\\w(?:${PART_OF_PATH})?(?:/(?:${PART_OF_PATH})?)*`),
    /(?:%(?:25){0,3}2f[\w.~-]+){2,}/,
    /\b[a-z]:\\[^\s"'<>|]+/,
    /\\{2,4}[\w.-]+\\{1,2}[^\s"'<>|]+/,
    /\b[\w-]{1,63}(?:[./][\w-]{1,63})*\/[\w.-]{1,63}\.(?:py|[cm]?js|ts|go|rs|cc|cpp|java|so|json|ya?ml|toml|pem|key|env|conf|log|gguf|safetensors|bin)\b/,
  ],
  'gi',
);

/**
 * What every match of {@link CREDENTIALS_IN_ADDRESS} contains. It is searched for first, since that takes a tenth of
 * the time.
 */
const MAY_HOLD_CREDENTIALS = /@|%(?:25){0,3}40/;
/** The same for {@link NAMED_SECRETS}. */
const MAY_NAME_SECRETS = /key|token|secret|pass|pwd|authorization|sig=/i;
/** Longest secret whose end must be seen before it can be recognised, in characters. */
const LONGEST_FORM = 1_024;

/**
 * Removes credentials of the usual issuers, and the user and password of addresses, from a text. Takes time in proportion
 * to the length. JSON stays JSON, unless a secret is a bare number.
 */
export function redactSecrets(text: string): string {
  const withoutCredentials = MAY_HOLD_CREDENTIALS.test(text)
    ? text.replace(CREDENTIALS_IN_ADDRESS, `${REDACTED}@`)
    : text;
  const withoutForms = withoutCredentials.replace(SECRETS, REDACTED);
  return MAY_NAME_SECRETS.test(withoutForms) ? withoutForms.replace(NAMED_SECRETS, REDACTED) : withoutForms;
}

/**
 * Redacts the beginning of a text that is going to be cut. Half a secret would not be recognised, so more than the beginning is
 * searched.
 * @param limit how many characters are wanted
 * @returns about as many, or fewer if secrets were longer than what stands for them; and how many the text has beyond them
 */
export function redactBeginning(text: string, limit: number): { readonly text: string; readonly beyond: number } {
  if (text.length <= limit + LONGEST_FORM) return { text: redactSecrets(text), beyond: 0 };
  const redacted = redactSecrets(text.slice(0, limit + LONGEST_FORM));
  const kept = redacted.slice(0, Math.max(0, redacted.length - LONGEST_FORM));
  return { text: kept, beyond: text.length - kept.length };
}

/**
 * Removes addresses, names of hosts and paths of files from a text, which reveal where an operator's machines are. It removes
 * more than it has to (`step:1234` could be a host), and its time can grow with the square of the length: for short
 * texts.
 */
export function redactPlaces(text: string): string {
  return text.replace(PLACES, REDACTED);
}

function joinPlaces(patterns: readonly RegExp[], flags: string): RegExp {
  return new RegExp(patterns.map(({ source }) => source).join('|'), flags);
}
