const REDACTED = '[redacted]';

/**
 * Credentials by the form that their issuers give them. Words of a program that only begin alike (`key_points`,
 * `org_structure`) are none: behind a prefix follow as many characters as a credential has, and mostly a digit among them.
 */
const SECRETS = union(
  [
    // OpenAI, Anthropic, OpenRouter, DeepSeek, Langfuse, Stripe; also where an error has put stars for the middle.
    /\b(?:sk|rk|pk)-[\w*-]{8,}/,
    /\b(?:sk|rk|pk)_(?:live|test|prod)_\w{8,}/,
    /\b(?:sk|pk|key|org|proj|sess)[-_](?=[A-Za-z*]*[\d*])[A-Za-z\d*]{12,}/,
    /\b(?:org|proj|sess)[-_](?:[A-Z\d]{12,}|[A-Za-z\d]{20,})/,
    // Groq, xAI, Perplexity, Hugging Face, Replicate, NVIDIA, Fireworks, Cerebras, Together, LangSmith.
    /\b(?:gsk|xai|pplx|hf|r8|nvapi|fw|csk|tgp_v1|lsv2_pt|lsv2_sk)[-_](?=[A-Za-z_-]*\d)[\w-]{16,}/,
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
    // JSON Web Tokens, what stands in an Authorization header, and private keys.
    /\beyJ[\w-]{6,}\.[\w-]+(?:\.[\w-]*)*/,
    /\b(?:[Bb]earer|BEARER|[Bb]asic)\s+(?=[\w~+/*-]*[\d.=*])[\w.~+/=*-]{8,}/,
    /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:(?!-----END)[\s\S])*(?:-----END [A-Z ]{0,40}-----)?/,
  ],
  'g',
);
/** A value by its name: `?api-key=…`, `"password": "…"`. */
const NAMED_SECRETS = union(
  ['=["\']?', '"\\s?:\\s?"'].map(
    (sign) =>
      new RegExp(
        `(?<=\\b(?:api[-_]?key|access[-_]?key|access[-_]?token|auth[-_]?token|client[-_]?secret|secret|password|passwd|pwd|token)${sign})[^\\s"'&,;)]{4,}`,
      ),
  ),
  'gi',
);
/** The user and password of an address. */
const CREDENTIALS_IN_ADDRESS = /(?<=\b[a-z][a-z\d+.-]{0,20}:\/\/)[^\s/@"'<>]{1,512}@/gi;

const INTERNET = 'com|net|org|io|ai|dev|cloud|app|co|info|biz|edu|gov|de|eu|uk|us|fr|ch|at|nl|jp|cn|ru|kr|br';
const INNER_NET =
  'internal|intranet|intra|local|localdomain|lan|corp|home|private|svc|test|example|invalid|localhost|arpa';
const HEX = '[\\da-f]{1,4}';

/** Where machines and files are. */
const PLACES = union(
  [
    /\b[a-z][a-z\d+.-]{0,20}:\/\/[^\s"'<>)\]]+/,
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
    // Paths: from a root, a home or a drive, and files of programs. A pointer into the request (`/messages/0`) is none.
    /(?<![\w/.~])~?\/(?!(?:messages|tools|functions|response_format|properties|\d+)\b)[\w.@+~-]+(?:\/[\w.@+~-]*)+/,
    /\b[a-z]:\\[^\s"'<>|]+/,
    /\\\\[\w.-]+\\[^\s"'<>|]+/,
    /\b[\w-]{1,63}(?:[./][\w-]{1,63})*\/[\w.-]{1,63}\.(?:py|[cm]?js|ts|go|rs|cc|cpp|java|so|json|ya?ml|toml|pem|key|env|conf|log|gguf|safetensors|bin)\b/,
  ],
  'gi',
);

/** A text without credentials of the usual issuers, and without the user and password of addresses. */
export function redactSecrets(text: string): string {
  return text
    .replace(CREDENTIALS_IN_ADDRESS, `${REDACTED}@`)
    .replace(SECRETS, REDACTED)
    .replace(NAMED_SECRETS, REDACTED);
}

/**
 * A text without addresses, names of hosts and paths of files: where an operator's machines are is nobody's business. It takes
 * more than it has to (`step:1234` could be a host), and its time can grow with the square of the length: for short texts.
 */
export function redactPlaces(text: string): string {
  return text.replace(PLACES, REDACTED);
}

function union(patterns: readonly RegExp[], flags: string): RegExp {
  return new RegExp(patterns.map(({ source }) => source).join('|'), flags);
}
