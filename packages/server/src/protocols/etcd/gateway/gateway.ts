/**
 * etcd's JSON gateway: every call of the schema under its path, made with the same handlers as gRPC's calls, so that checks,
 * errors and answers are theirs. Knows paths and bodies, and no service.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { MESSAGE_OVERHEAD_BYTES } from '../../../grpc/limits.ts';
import { STATUS, type StatusCode } from '../../../grpc/status.ts';
import type { RpcMethod, RpcTable } from '../rpc.ts';
import { CALLS, type CallSchema } from '../schema/calls.ts';
import { type MessageSchema, messageSchema } from '../schema/schema.ts';
import { TurnQueue } from '../turn-queue.ts';
import {
  type Exchange,
  GatewayStreamCall,
  GatewayUnaryCall,
  metadataOf,
  sendError,
} from './gateway-calls.ts';
import { JsonSplitter, MalformedJson, parseFirstJson, parseJson } from './json-text.ts';
import { jsonToProtobuf } from './json-to-protobuf.ts';
import { BODY_OVERHEAD_BYTES, BODY_OVERHEAD_FACTOR, LONG_MESSAGE_BYTES } from './limits.ts';
import { type BodyRefusal, receiveBody, type UnfinishedBodies } from './request-body.ts';

/** Told of the calls, for the metrics: they count as calls of gRPC, as in etcd. */
export interface GatewayObserver {
  callStarted(call: ObservedCall): void;
  callEnded(call: ObservedCall, code: StatusCode): void;
}

export interface ObservedCall {
  /** As gRPC has it. */
  readonly path: string;
  /** For whoever times calls. */
  begunMs: number;
  metadata(name: string): string | undefined;
}

export interface GatewayOptions {
  readonly methods: RpcTable;
  readonly requestBytesMax: number;
  readonly observer?: GatewayObserver | undefined;
  /** For messages that take long to translate. */
  readonly turns?: TurnQueue;
}

interface Route {
  readonly call: CallSchema;
  /** As gRPC has it. */
  readonly path: string;
  /** undefined: this version does not serve it. */
  readonly method: RpcMethod | undefined;
  readonly request: MessageSchema;
  readonly answer: MessageSchema;
}

export class JsonGateway {
  private readonly routes = new Map<string, Route>();
  private readonly services: ReadonlySet<string>;
  private readonly messageBytesMax: number;
  private readonly bodyBytesMax: number;
  private readonly observer: GatewayObserver | undefined;
  private readonly unfinished: UnfinishedBodies = { bytes: 0 };
  private readonly turns: TurnQueue;

  constructor({ methods, requestBytesMax, observer, turns = new TurnQueue() }: GatewayOptions) {
    this.turns = turns;
    this.messageBytesMax = requestBytesMax + MESSAGE_OVERHEAD_BYTES;
    this.bodyBytesMax = Math.ceil(this.messageBytesMax * BODY_OVERHEAD_FACTOR) + BODY_OVERHEAD_BYTES;
    this.observer = observer;
    this.services = new Set([...methods.keys()].map((path) => path.slice(1, path.lastIndexOf('/'))));
    for (const call of CALLS) {
      const path = `/${call.service}/${call.method}`;
      const route = {
        call,
        path,
        method: methods.get(path),
        request: messageSchema(call.request),
        answer: messageSchema(call.response),
      };
      for (const gatewayPath of call.gatewayPaths) this.routes.set(gatewayPath, route);
    }
  }

  /** `path` begins with `/v3/`. */
  serve(path: string, request: IncomingMessage, response: ServerResponse): void {
    const route = this.routes.get(path);
    if (route === undefined) sendError(response, STATUS.notFound, 'Not Found');
    else if (request.method !== 'POST') sendError(response, STATUS.unimplemented, 'Method Not Allowed');
    else if (route.method === undefined) sendError(response, STATUS.unimplemented, this.notServed(route));
    else this.call(route, route.method, request, response);
  }

  /** In gRPC's words. */
  private notServed({ call }: Route): string {
    return this.services.has(call.service)
      ? `unknown method ${call.method} for service ${call.service}`
      : `unknown service ${call.service}`;
  }

  private call(route: Route, method: RpcMethod, request: IncomingMessage, response: ServerResponse): void {
    const observed: ObservedCall = {
      path: route.path,
      begunMs: 0,
      metadata: (name) => metadataOf(request, name),
    };
    this.observer?.callStarted(observed);
    const exchange: Exchange = {
      request,
      response,
      answer: route.answer,
      turns: this.turns,
      ended: (code) => this.observer?.callEnded(observed, code),
    };
    // A call may take long; what limits its request is below.
    request.socket.setTimeout(0);
    if (method.kind === 'unary') this.callUnary(route, method, exchange);
    else if (route.call.kind === 'serverStream') this.callServerStream(route, method, exchange);
    else this.callBothStream(route, method, exchange);
  }

  private callUnary(
    route: Route,
    { handler }: Extract<RpcMethod, { kind: 'unary' }>,
    exchange: Exchange,
  ): void {
    const call = new GatewayUnaryCall(exchange);
    if (!call.keepsDeadline()) return;
    this.receiveMessage(route, exchange, call, (message) => {
      call.message = message;
      handler(call);
    });
  }

  private callServerStream(
    route: Route,
    method: Extract<RpcMethod, { kind: 'stream' }>,
    exchange: Exchange,
  ): void {
    const call = new GatewayStreamCall(exchange);
    if (!call.keepsDeadline()) return;
    this.receiveMessage(route, exchange, call, (message) => {
      if (call.isOver) return;
      call.open(method);
      call.hear(message);
      call.halfClose();
    });
  }

  private receiveMessage(
    { request: schema }: Route,
    { request, response }: Exchange,
    call: GatewayUnaryCall | GatewayStreamCall,
    received: (message: Uint8Array) => void,
  ): void {
    receiveBody(request, this.unfinished, {
      bytesMax: this.bodyBytesMax,
      received: (body) => {
        const translate = (): void => {
          if (call.isOver) return;
          const message = this.messageOf(schema, () => parseFirstJson(body));
          if (message instanceof Uint8Array) received(message);
          else call.fail(message.code, message.text);
        };
        if (body.length < LONG_MESSAGE_BYTES) translate();
        else this.turns.add(translate);
      },
      refused: ({ code, text, closes }) => {
        if (closes) {
          response.setHeader('connection', 'close');
          response.on('finish', () => request.destroy());
        }
        call.fail(code, text);
      },
    });
  }

  private messageOf(schema: MessageSchema, parse: () => unknown): Uint8Array | BodyRefusal {
    try {
      return this.bytesOf(schema, parse());
    } catch (error) {
      if (!(error instanceof MalformedJson)) throw error;
      return { code: STATUS.invalidArgument, text: error.message, closes: false };
    }
  }

  private bytesOf(schema: MessageSchema, value: unknown): Uint8Array | BodyRefusal {
    const message = jsonToProtobuf(schema, value);
    if (message.length <= this.messageBytesMax) return message;
    return {
      code: STATUS.resourceExhausted,
      text: `grpc: received message larger than max (${message.length} vs. ${this.messageBytesMax})`,
      closes: false,
    };
  }

  /** Messages are heard as they come, one behind the other; the end of the body is the client's half-close. */
  private callBothStream(
    { request: schema }: Route,
    method: Extract<RpcMethod, { kind: 'stream' }>,
    exchange: Exchange,
  ): void {
    const call = new GatewayStreamCall(exchange);
    if (!call.keepsDeadline()) return;
    call.open(method);
    const { request } = exchange;
    const decoder = new StringDecoder('utf8');
    const splitter = new JsonSplitter();
    const hearText = (text: string): void => {
      if (call.isOver || text === '') return;
      const message = this.messageOf(schema, () => parseJson(text));
      if (message instanceof Uint8Array) call.hear(message);
      else call.fail(message.code, message.text);
    };
    /** Messages that wait for their turn; those behind them wait too, so that all are heard in their order. */
    let waiting = 0;
    const inTurn = (text: string, hear: () => void): void => {
      if (waiting === 0 && text.length < LONG_MESSAGE_BYTES) {
        hear();
        return;
      }
      waiting++;
      this.turns.add(() => {
        waiting--;
        hear();
      });
    };
    request.on('data', (chunk: Buffer) => {
      if (call.isOver) return;
      for (const text of splitter.push(decoder.write(chunk))) inTurn(text, () => hearText(text.trim()));
      if (splitter.unfinished > this.bodyBytesMax)
        call.fail(STATUS.resourceExhausted, `a message of more than ${this.bodyBytesMax} bytes`);
    });
    request.on('end', () => {
      const rest = splitter.finish();
      inTurn(rest, () => {
        hearText(rest);
        call.halfClose();
      });
    });
  }
}
