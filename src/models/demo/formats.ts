/** A text for each format, from the ranges and domains reserved for examples. */
export const FORMAT_TEXTS: ReadonlyMap<string, string> = new Map(
  `date 2026-01-31|time 12:30:00Z|date-time 2026-01-31T12:30:00Z|duration P1D|email ada@example.com|idn-email ada@example.com
  |hostname example.com|idn-hostname example.com|uri https://example.com/1|iri https://example.com/1|uri-reference /1
  |iri-reference /1|uri-template /{id}|ipv4 192.0.2.1|ipv6 2001:db8::1|uuid 9b2f6d0e-4c1a-4e7b-8f3d-5a6c7e8f9012
  |json-pointer /items/1|relative-json-pointer 1/items|regex ^[a-z]+$|base64 ZGVtbw==`
    .split(/\s*\|/)
    .map((line) => line.split(' ') as [string, string]),
);

/** Texts for those patterns that zod writes beside its formats. */
export const PATTERN_TEXTS: ReadonlyMap<string, string | undefined> = new Map(
  String.raw`email ^(?:[A-Za-z0-9_'+\-]+\.)*[A-Za-z0-9_'+\-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$
uuid ^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}|00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff)$
date-time ^(?:(?:\d\d[2468][048]|\d\d[13579][26]|\d\d0[48]|[02468][048]00|[13579][26]00)-02-29|\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|(?:02)-(?:0[1-9]|1\d|2[0-8])))T(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z))$
date ^(?:(?:\d\d[2468][048]|\d\d[13579][26]|\d\d0[48]|[02468][048]00|[13579][26]00)-02-29|\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|(?:02)-(?:0[1-9]|1\d|2[0-8])))$
ipv4 ^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])$
base64 ^$|^(?:[0-9a-zA-Z+/]{4})*(?:(?:[0-9a-zA-Z+/]{2}==)|(?:[0-9a-zA-Z+/]{3}=))?$`
    .split('\n')
    .map((line) => line.split(' '))
    .map(([format = '', pattern = '']) => [pattern, FORMAT_TEXTS.get(format)]),
);
