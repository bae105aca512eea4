/**
 * The JSON gateway of a member as if it spoke gRPC: a request's bytes become JSON, the answer's JSON becomes bytes, so
 * that whoever compares gRPC compares gateways too. Errors must have the HTTP status that belongs to their code.
 */
import assert from 'node:assert/strict';
import { Agent, type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { tableDecode, tableEncode } from '../../test/protocols/etcd/wire/table-codec.ts';
import { WIRE_RPCS } from '../../test/protocols/etcd/wire/wire-tables.ts';
import type { GrpcAnswer } from '../grpc-channel.ts';
import type { CallChannel, OpenChannel } from './call-channel.ts';
import { fromJson, type JsonStyle, toJson } from './json-by-tables.ts';

/** By the code of gRPC, as grpc-gateway 2 has them. */
const HTTP_STATUS: Readonly<Record<number, number>> = {
  0: 200,
  2: 500,
  3: 400,
  4: 504,
  5: 404,
  6: 409,
  7: 403,
  8: 429,
  9: 400,
  10: 409,
  11: 400,
  12: 501,
  13: 500,
  14: 503,
  15: 500,
  16: 401,
};
/** The gateway of 3.4 is older: a failed precondition was "precondition failed" to it. */
const HTTP_STATUS_34 = { ...HTTP_STATUS, 9: 412 };

const RPCS = new Map(WIRE_RPCS.map((rpc) => [rpc.path, rpc]));

export const openGateway: OpenChannel = (member, whose) =>
  new GatewayChannel(member, whose === 'ours' ? HTTP_STATUS : HTTP_STATUS_34);

class GatewayChannel implements CallChannel {
  private readonly agent = new Agent({ keepAlive: true });
  private readonly url: string;
  private readonly statuses: Readonly<Record<number, number>>;

  constructor(member: { readonly clientUrl: string }, statuses: Readonly<Record<number, number>>) {
    this.url = member.clientUrl;
    this.statuses = statuses;
  }

  async unary(path: string, message: Uint8Array, timeoutMs = 30_000, token?: string): Promise<GrpcAnswer> {
    let answer: IncomingMessage;
    try {
      answer = await this.post(path, message, timeoutMs, token);
    } catch (error) {
      return { status: -1, text: (error as Error).message, message: undefined };
    }
    let body = '';
    for await (const chunk of answer.setEncoding('utf8')) body += chunk as string;
    const json = JSON.parse(body) as Record<string, never>;
    if (answer.statusCode === 200) return { status: 0, text: '', message: encoded(path, json) };
    return this.failure(answer, json);
  }

  async *stream(path: string, message: Uint8Array): AsyncGenerator<Buffer> {
    const answer = await this.post(path, message);
    assert.equal(answer.statusCode, 200);
    try {
      for await (const line of createInterface({ input: answer })) {
        const { result, ...rest } = JSON.parse(line) as { result: Record<string, never> };
        assert.deepEqual(rest, {}, line);
        yield encoded(path, result);
      }
    } finally {
      answer.destroy();
    }
  }

  close(): void {
    this.agent.destroy();
  }

  private failure({ statusCode }: IncomingMessage, json: Record<string, unknown>): GrpcAnswer {
    const { code, message, error, ...rest } = json;
    const whole = `${statusCode} ${JSON.stringify(json)}`;
    assert.deepEqual(rest, {}, whole);
    assert.equal(error, message, whole);
    assert.equal(statusCode, this.statuses[Number(code)], whole);
    return { status: Number(code), text: String(message), message: undefined };
  }

  private post(
    path: string,
    message: Uint8Array,
    timeoutMs = 300_000,
    token?: string,
  ): Promise<IncomingMessage> {
    const rpc = RPCS.get(path)!;
    const json = toJson(rpc.request, tableDecode(rpc.request, message), styleFor(message));
    const body = JSON.stringify(json);
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    if (token !== undefined) headers['authorization'] = token;
    return new Promise((resolve, reject) => {
      const asked = request(`${this.url}${rpc.gatewayPath}`, { method: 'POST', agent: this.agent, headers });
      asked.setTimeout(timeoutMs, () => asked.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      asked.on('response', resolve);
      asked.on('error', reject);
      asked.end(body);
    });
  }
}

/** Every form that a client may choose, and for one message the same at all members. */
function styleFor(message: Uint8Array): JsonStyle {
  let sum = message.length;
  for (const byte of message) sum = (sum * 31 + byte) % 1_000_003;
  return { camelCase: sum % 2 === 0, numbersAsText: sum % 3 === 0, enumsByNumber: sum % 5 === 0 };
}

function encoded(path: string, json: Record<string, never>): Buffer {
  const { response } = RPCS.get(path)!;
  return tableEncode(response, fromJson(response, json));
}
