import type { ProtobufMessage } from './protobuf.js';

/**
 * The messages of an OTLP trace export: names as in OTLP/JSON, numbers and types from
 * https://github.com/open-telemetry/opentelemetry-proto (collector/trace, trace, resource and common, all v1).
 */
export const exportTraceServiceRequest: ProtobufMessage = () => ({
  1: { name: 'resourceSpans', type: resourceSpans, repeated: true },
});

const resourceSpans: ProtobufMessage = () => ({
  1: { name: 'resource', type: resource },
  2: { name: 'scopeSpans', type: scopeSpans, repeated: true },
  3: { name: 'schemaUrl', type: 'string' },
});

const resource: ProtobufMessage = () => ({
  1: { name: 'attributes', type: keyValue, repeated: true },
  2: { name: 'droppedAttributesCount', type: 'uint32' },
});

const scopeSpans: ProtobufMessage = () => ({
  1: { name: 'scope', type: instrumentationScope },
  2: { name: 'spans', type: span, repeated: true },
  3: { name: 'schemaUrl', type: 'string' },
});

const instrumentationScope: ProtobufMessage = () => ({
  1: { name: 'name', type: 'string' },
  2: { name: 'version', type: 'string' },
  3: { name: 'attributes', type: keyValue, repeated: true },
  4: { name: 'droppedAttributesCount', type: 'uint32' },
});

const span: ProtobufMessage = () => ({
  1: { name: 'traceId', type: 'hex' },
  2: { name: 'spanId', type: 'hex' },
  3: { name: 'traceState', type: 'string' },
  4: { name: 'parentSpanId', type: 'hex' },
  5: { name: 'name', type: 'string' },
  6: { name: 'kind', type: 'enum' },
  7: { name: 'startTimeUnixNano', type: 'fixed64' },
  8: { name: 'endTimeUnixNano', type: 'fixed64' },
  9: { name: 'attributes', type: keyValue, repeated: true },
  10: { name: 'droppedAttributesCount', type: 'uint32' },
  11: { name: 'events', type: event, repeated: true },
  12: { name: 'droppedEventsCount', type: 'uint32' },
  13: { name: 'links', type: link, repeated: true },
  14: { name: 'droppedLinksCount', type: 'uint32' },
  15: { name: 'status', type: status },
  16: { name: 'flags', type: 'fixed32' },
});

const event: ProtobufMessage = () => ({
  1: { name: 'timeUnixNano', type: 'fixed64' },
  2: { name: 'name', type: 'string' },
  3: { name: 'attributes', type: keyValue, repeated: true },
  4: { name: 'droppedAttributesCount', type: 'uint32' },
});

const link: ProtobufMessage = () => ({
  1: { name: 'traceId', type: 'hex' },
  2: { name: 'spanId', type: 'hex' },
  3: { name: 'traceState', type: 'string' },
  4: { name: 'attributes', type: keyValue, repeated: true },
  5: { name: 'droppedAttributesCount', type: 'uint32' },
  6: { name: 'flags', type: 'fixed32' },
});

const status: ProtobufMessage = () => ({
  2: { name: 'message', type: 'string' },
  3: { name: 'code', type: 'enum' },
});

const keyValue: ProtobufMessage = () => ({
  1: { name: 'key', type: 'string' },
  2: { name: 'value', type: anyValue },
});

const anyValue: ProtobufMessage = () => ({
  1: { name: 'stringValue', type: 'string' },
  2: { name: 'boolValue', type: 'bool' },
  3: { name: 'intValue', type: 'int64' },
  4: { name: 'doubleValue', type: 'double' },
  5: { name: 'arrayValue', type: arrayValue },
  6: { name: 'kvlistValue', type: keyValueList },
  7: { name: 'bytesValue', type: 'bytes' },
});

const arrayValue: ProtobufMessage = () => ({ 1: { name: 'values', type: anyValue, repeated: true } });

const keyValueList: ProtobufMessage = () => ({ 1: { name: 'values', type: keyValue, repeated: true } });
