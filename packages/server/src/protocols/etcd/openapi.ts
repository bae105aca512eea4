/**
 * The JSON gateway as an OpenAPI 3.1 document, made from the schema that the gateway itself runs on. Knows no call of its own.
 */
import { CALLS, type CallSchema } from './schema/calls.ts';
import { ENUM_SCHEMAS, type FieldSchema, MESSAGE_SCHEMAS, type MessageSchema } from './schema/schema.ts';

type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json };
type JsonObject = Readonly<Record<string, Json>>;

const ERROR = 'gateway.Error';
const STREAM_ERROR = 'gateway.StreamError';

export function openApiDocument(version: string): JsonObject {
  return {
    openapi: '3.1.0',
    info: {
      title: 'etcd v3 over JSON, as served by Synod',
      version,
      description:
        'Every call of etcd that has a place in its gateway. Numbers of 64 bits are texts in answers and may be either in requests; bytes are base64; what is at its default is left out.',
    },
    paths: Object.fromEntries(
      CALLS.flatMap((call) => call.gatewayPaths.map((path) => [path, { post: operation(call, path) }])),
    ),
    components: { schemas: components() },
  };
}

function operation(call: CallSchema, path: string): JsonObject {
  const answer = ref(call.response);
  const streams = call.kind !== 'unary';
  const isAlias = path !== call.gatewayPaths[0];
  return {
    operationId: `${call.service}.${call.method}${isAlias ? '.alias' : ''}`,
    tags: [call.service],
    ...(call.kind === 'bothStream' && {
      description: 'The body may hold several requests, one behind the other.',
    }),
    requestBody: { required: false, content: json(ref(call.request)) },
    responses: {
      '200': {
        description: streams ? 'A line for each answer, as they come.' : 'The answer.',
        content: json(
          streams
            ? {
                oneOf: [
                  { type: 'object', properties: { result: answer }, required: ['result'] },
                  ref(STREAM_ERROR),
                ],
              }
            : answer,
        ),
      },
      default: {
        description: 'Why not. The HTTP status follows from the code of gRPC.',
        content: json(ref(streams ? STREAM_ERROR : ERROR)),
      },
    },
  };
}

function json(schema: Json): JsonObject {
  return { 'application/json': { schema } };
}

function ref(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

function components(): JsonObject {
  const schemas: Record<string, Json> = {};
  for (const schema of MESSAGE_SCHEMAS.values()) schemas[schema.name] = messageComponent(schema);
  for (const { name, values } of ENUM_SCHEMAS.values()) schemas[name] = { type: 'string', enum: values };
  const code = { type: 'integer', description: 'The code of gRPC.' };
  const text = { type: 'string' };
  schemas[ERROR] = {
    type: 'object',
    properties: { error: text, code, message: text },
    required: ['error', 'code', 'message'],
  };
  schemas[STREAM_ERROR] = {
    type: 'object',
    properties: {
      error: {
        type: 'object',
        properties: {
          code,
          message: text,
          grpc_code: code,
          http_code: { type: 'integer' },
          http_status: text,
        },
        required: ['code', 'message'],
      },
    },
    required: ['error'],
  };
  return schemas;
}

function messageComponent({ fields }: MessageSchema): JsonObject {
  return {
    type: 'object',
    properties: Object.fromEntries(fields.map((field) => [field.name, fieldComponent(field)])),
  };
}

function fieldComponent({ type, repeated }: FieldSchema): JsonObject {
  const one = typeComponent(type);
  return repeated ? { type: 'array', items: one } : one;
}

function typeComponent(type: FieldSchema['type']): JsonObject {
  switch (type.kind) {
    case 'message':
    case 'enum':
      return ref(type.of.name);
    case 'bytes':
      return { type: 'string', contentEncoding: 'base64' };
    case 'bool':
      return { type: 'boolean' };
    case 'string':
      return { type: 'string' };
    case 'uint32':
      return { type: 'integer', format: 'uint32' };
    default:
      return { type: 'string', format: type.kind };
  }
}
