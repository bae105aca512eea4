/** The OpenAPI document names what is served, points nowhere wrong, and answers are as it says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { etcdProtocol } from '../../../src/protocols/etcd/etcd-protocol.ts';
import { etcdHttp1Handler } from '../../../src/protocols/etcd/http1.ts';
import { CALLS } from '../../../src/protocols/etcd/schema/calls.ts';
import { NO_ACCOUNTS, OPTIONS } from './fake-calls.ts';
import { ServedHandler } from './http-client.ts';
import { LocalService } from './local-service.ts';

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly enum?: readonly string[];
  readonly oneOf?: readonly Schema[];
  readonly contentEncoding?: string;
}
interface Content {
  readonly content: { readonly 'application/json': { readonly schema: Schema } };
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<
    Record<
      string,
      {
        readonly post: {
          readonly operationId: string;
          readonly requestBody: Content;
          readonly responses: Readonly<Record<string, Content>>;
        };
      }
    >
  >;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const service = new LocalService();
const protocol = etcdProtocol(service, OPTIONS, NO_ACCOUNTS);
const handler = etcdHttp1Handler(service, {
  serverVersion: '3.7.0',
  clusterVersion: '3.7.0',
  requestBytesMax: OPTIONS.requestBytesMax,
  metrics: { contentType: 'text/plain', metrics: async () => '' },
  jsonGateway: true,
  methods: protocol.methods,
});

/** Serves, reads the document, and lets the test ask. */
async function withDocument(
  body: (document: Document, served: ServedHandler) => Promise<void>,
): Promise<void> {
  const served = await ServedHandler.start(handler);
  try {
    const { status, body: text } = await served.ask('/openapi.json', { method: 'GET' });
    assert.equal(status, 200);
    await body(JSON.parse(text) as Document, served);
  } finally {
    await served.stop();
  }
}

/** Where a value is not as its schema says; undefined: it is. */
function mismatch(document: Document, schema: Schema, value: unknown, at: string): string | undefined {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.slice('#/components/schemas/'.length);
    const target = document.components.schemas[name];
    return target === undefined ? `${at}: ${name} is not there` : mismatch(document, target, value, at);
  }
  if (schema.enum !== undefined) return schema.enum.includes(value as string) ? undefined : `${at}: ${value}`;
  switch (schema.type) {
    case 'object': {
      if (typeof value !== 'object' || value === null) return `${at} is no object`;
      for (const [name, inner] of Object.entries(value)) {
        const property = schema.properties?.[name];
        if (property === undefined) return `${at}.${name} is not in the document`;
        const wrong = mismatch(document, property, inner, `${at}.${name}`);
        if (wrong !== undefined) return wrong;
      }
      return undefined;
    }
    case 'array':
      if (!Array.isArray(value)) return `${at} is no list`;
      return value
        .map((one) => mismatch(document, schema.items!, one, `${at}[]`))
        .find((wrong) => wrong !== undefined);
    case 'integer':
      return Number.isInteger(value) ? undefined : `${at} is no integer`;
    case 'boolean':
    case 'string':
      return typeof value === schema.type ? undefined : `${at} is no ${schema.type}`;
    default:
      return `${at}: ${schema.type} is unknown`;
  }
}

test('every path of the gateway is in it, once, and no other', () =>
  withDocument(async (document) => {
    assert.equal(document.openapi, '3.1.0');
    assert.deepEqual(
      Object.keys(document.paths).sort(),
      CALLS.flatMap(({ gatewayPaths }) => gatewayPaths).sort(),
    );
    const ids = Object.values(document.paths).map(({ post }) => post.operationId);
    assert.equal(new Set(ids).size, ids.length);
  }));

test('every reference points to something', () =>
  withDocument(async (document) => {
    const references = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name!,
    );
    assert.ok(references.length > 100);
    for (const name of references) assert.ok(name in document.components.schemas, name);
  }));

test('answers and errors are as it says', () =>
  withDocument(async (document, served) => {
    const kv = { key: 'YQ==', value: 'MQ==', prev_kv: true };
    const requests: readonly (readonly [path: string, body: unknown, status: number])[] = [
      ['/v3/lease/grant', { TTL: 60, ID: 5 }, 200],
      ['/v3/kv/put', { ...kv, lease: 5 }, 200],
      ['/v3/kv/put', kv, 200],
      ['/v3/kv/range', { key: 'YQ==' }, 200],
      ['/v3/kv/range', { key: 'YQ==', revision: 99 }, 400],
      [
        '/v3/kv/txn',
        {
          success: [{ request_put: kv }, { request_txn: { success: [{ request_range: { key: 'YQ==' } }] } }],
        },
        200,
      ],
      ['/v3/kv/deleterange', { key: 'YQ==', prev_kv: true }, 200],
      ['/v3/kv/compaction', { revision: 2 }, 200],
      ['/v3/lease/leases', {}, 200],
      ['/v3/kv/lease/timetolive', { ID: 5, keys: true }, 200],
      ['/v3/maintenance/status', {}, 200],
      ['/v3/lock/lock', { name: 'bA==', lease: 5 }, 200],
      ['/v3/election/campaign', { name: 'ZQ==', lease: 5 }, 200],
      ['/v3/election/leader', { name: 'ZQ==' }, 200],
      ['/v3/election/leader', { name: 'bm8=' }, 500],
    ];
    for (const [path, body, status] of requests) {
      const answer = await served.ask(path, { body: JSON.stringify(body) });
      assert.equal(answer.status, status, `${path}: ${answer.body}`);
      const { responses } = document.paths[path]!.post;
      const { schema } = responses[status === 200 ? '200' : 'default']!.content['application/json'];
      assert.equal(mismatch(document, schema, JSON.parse(answer.body), path), undefined);
    }
    const wrong = mismatch(
      document,
      { $ref: '#/components/schemas/etcdserverpb.PutResponse' },
      { header: { revision: 7 } },
      'p',
    );
    assert.equal(wrong, 'p.header.revision is no string', 'the comparison can fail');
  }));
