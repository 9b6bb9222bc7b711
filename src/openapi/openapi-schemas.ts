import type { ClassConstructor } from 'class-transformer';
import { getMetadataStorage, IS_OBJECT, ValidationTypes } from 'class-validator';
import { validationMetadataArrayToSchemas } from 'class-validator-jsonschema';
import {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionRequest,
  CompletionUsage,
} from '../api/completions/index.js';
import { ModelCard, ModelList } from '../api/models/index.js';
import { INPUT_ITEMS, RESPONSE_SCHEMAS, ResponseRequest, TOOL_CHOICES, TOOLS } from '../api/responses/index.js';
import {
  ANSWERED_WAIT_SCHEMA,
  CreateRunRequest,
  INSPECTION_SCHEMA,
  PutScheduleRequest,
  RUN_EVENT_SCHEMA,
  RUN_LIST_SCHEMA,
  RUN_SCHEMA,
  SCHEDULE_LIST_SCHEMA,
  SCHEDULE_SCHEMA,
} from '../api/runs/index.js';
import { ErrorEnvelope } from '../http/index.js';
import {
  type AllowedStrings,
  readMetadata,
  findNestedType,
  NOT_OFFERED,
  type PropertyRule,
  type RuleSet,
  compileRuleSet,
} from '../schema/index.js';

/** A schema of OpenAPI 3.0, with the keywords that are used here: JSON Schema, but `nullable` for the type null. */
interface SchemaObject {
  type?: string;
  nullable?: boolean;
  enum?: unknown[];
  oneOf?: Schema[];
  allOf?: Schema[];
  discriminator?: { propertyName: string; mapping: Record<string, string> };
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  title?: string;
  description?: string;
  example?: unknown;
  default?: unknown;
  deprecated?: boolean;
}

type Schema = SchemaObject | { $ref: string };

const ROOTS: readonly ClassConstructor<object>[] = [
  ChatCompletionRequest,
  ChatCompletion,
  ChatCompletionChunk,
  CompletionUsage,
  ErrorEnvelope,
  ModelCard,
  ModelList,
  ResponseRequest,
  CreateRunRequest,
  PutScheduleRequest,
  ...INPUT_ITEMS,
  ...Object.values(TOOLS),
  ...Object.values(TOOL_CHOICES),
];

const PREFIX = '#/components/schemas/';

/** Null alone, as OpenAPI 3.0 has to say it. */
const NULL: SchemaObject = { type: 'object', nullable: true, enum: [null] };

/**
 * `components.schemas` of the OpenAPI document, by class name: the bodies of requests and responses and all classes
 * that they refer to, made from the decorators that also validate. Rules between parameters stand in descriptions only.
 *
 * @throws TypeError if two classes have the same name.
 */
export function makeOpenApiSchemas(): Record<string, SchemaObject> {
  const classes = new Map<string, RuleSet>();
  const collect = (rules: RuleSet): void => {
    const known = classes.get(rules.type.name);
    if (known === rules) return;
    if (known !== undefined) throw new TypeError(`Two classes of the protocol are named ${rules.type.name}.`);
    classes.set(rules.type.name, rules);
    for (const { nested } of rules.properties) nested?.variants.forEach(collect);
  };
  for (const type of ROOTS) collect(compileRuleSet(type));
  return {
    ...Object.fromEntries([...classes].map(([name, rules]) => [name, describeRuleSet(rules)])),
    Run: RUN_SCHEMA,
    RunEvent: RUN_EVENT_SCHEMA,
    RunInspection: INSPECTION_SCHEMA,
    RunList: RUN_LIST_SCHEMA,
    AnsweredWait: ANSWERED_WAIT_SCHEMA,
    Schedule: SCHEDULE_SCHEMA,
    ScheduleList: SCHEDULE_LIST_SCHEMA,
    ...RESPONSE_SCHEMAS,
  };
}

function describeRuleSet({ type, properties }: RuleSet): SchemaObject {
  const metadata = [...readMetadata(type).values()].flatMap((ofProperty) =>
    ofProperty
      .filter((one) => one.type !== ValidationTypes.CONDITIONAL_VALIDATION)
      .map((one) => Object.assign({}, one, { target: type, type: readConstraintName(one) }))
      // The class of a nested object says that it is one.
      .filter((one, _index, all) => one.type !== IS_OBJECT || !all.some(isNested))
      // The last one wins where two state the type: `IsInt` (integer) over `Min` (number).
      .toReversed(),
  );
  const generated = validationMetadataArrayToSchemas(metadata, {
    refPointerPrefix: PREFIX,
    additionalConverters: {
      [ValidationTypes.NESTED_VALIDATION]: ({ propertyName }) => makeNestedSchema(type, propertyName),
      [ValidationTypes.CUSTOM_VALIDATION]: {},
      // Null joins the empty list because the property is optional.
      [NOT_OFFERED]: { type: 'object', enum: [] },
    },
  });
  const schema = generated[type.name] as SchemaObject;
  const { required: _, ...rest } = schema;
  const required = properties.filter(({ optional }) => !optional).map(({ name }) => name);
  return {
    ...rest,
    ...(required.length > 0 && { required }),
    properties: Object.fromEntries(
      properties.map((rule) => [rule.name, addAlternatives(schema.properties?.[rule.name] ?? {}, rule)]),
    ),
  };
}

function isNested({ type }: { readonly type: string }): boolean {
  return type === ValidationTypes.NESTED_VALIDATION;
}

function readConstraintName(metadata: { readonly type: string; readonly constraintCls: Function }): string {
  return getMetadataStorage().getTargetValidatorConstraints(metadata.constraintCls)[0]?.name ?? metadata.type;
}

function makeNestedSchema(owner: ClassConstructor<object>, property: string) {
  const nested = findNestedType(owner, property);
  if ('type' in nested) return { $ref: PREFIX + nested.type.name };
  const variants = [...nested.variants].map(([name, type]) => ({ name, $ref: PREFIX + type.name }));
  return {
    oneOf: [...new Set(variants.map(({ $ref }) => $ref))].map(($ref) => ({ $ref })),
    discriminator: {
      propertyName: nested.property,
      mapping: Object.fromEntries(variants.map(({ name, $ref }) => [name, $ref])),
    },
  };
}

/** Adds the forms "a string" and "null" where the property has them. */
function addAlternatives(schema: Schema, rule: PropertyRule): Schema {
  const { description, example, default: usual, deprecated, ...form } = schema as SchemaObject;
  const documentation = {
    ...(description !== undefined && { description }),
    ...(example !== undefined && { example }),
    ...(usual !== undefined && { default: usual }),
    ...(deprecated !== undefined && { deprecated }),
  };
  // Without a type, a choice of objects would accept a string, too.
  const other: SchemaObject = rule.orString !== undefined && 'oneOf' in form ? { type: 'object', ...form } : form;
  const forms = rule.orString === undefined ? [form] : [makeStringForm(rule.orString), other];
  const [first = {}, ...others] = rule.nullable ? addNull(forms) : forms;
  if (others.length > 0) return { ...documentation, oneOf: [first, ...others] };
  // A reference may have nothing beside it.
  return '$ref' in first ? { ...documentation, allOf: [first] } : { ...documentation, ...first };
}

function makeStringForm(allowed: AllowedStrings): SchemaObject {
  return allowed === 'any' ? { type: 'string' } : { type: 'string', enum: [...allowed] };
}

/** `nullable` has a meaning only beside `type`; where no form has one, null is a form of its own. */
function addNull(forms: readonly SchemaObject[]): readonly SchemaObject[] {
  const [first = {}, ...others] = forms;
  if (first.type === undefined) return [...forms, NULL];
  return [{ ...first, nullable: true, ...(first.enum && { enum: [...first.enum, null] }) }, ...others];
}
