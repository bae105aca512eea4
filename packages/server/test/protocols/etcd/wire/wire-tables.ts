/** Reads the tables of etcd's wire facts, so that tests compare with them and not with what the code believes. */
import { readFileSync } from 'node:fs';

export interface WireField {
  readonly number: number;
  readonly name: string;
  readonly type: string;
  readonly repeated: boolean;
}

function rows(file: string): string[][] {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8');
  return text
    .split('\n')
    .slice(1)
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}

/** Fields by message, `package.Message`. */
export const WIRE_MESSAGES: ReadonlyMap<string, readonly WireField[]> = (() => {
  const messages = new Map<string, WireField[]>();
  for (const [message, number, name, type] of rows('etcd-v3-messages.tsv')) {
    if (type === 'enum value') continue;
    const fields = messages.get(message!) ?? [];
    messages.set(message!, fields);
    const repeated = type!.startsWith('repeated ');
    fields.push({
      number: Number(number),
      name: name!,
      type: repeated ? type!.slice('repeated '.length) : type!,
      repeated,
    });
  }
  return messages;
})();

/** Numbers by `package.Enum` and value name. */
export const WIRE_ENUMS: ReadonlyMap<string, ReadonlyMap<string, number>> = (() => {
  const enums = new Map<string, Map<string, number>>();
  for (const [name, number, value, type] of rows('etcd-v3-messages.tsv')) {
    if (type !== 'enum value') continue;
    const values = enums.get(name!) ?? new Map<string, number>();
    enums.set(name!, values);
    values.set(value!, Number(number));
  }
  return enums;
})();

export const WIRE_ERRORS = rows('etcd-v3-errors.tsv').map(([name, code, text]) => ({
  name: name!,
  code: code!,
  text: text!,
}));

export const WIRE_RPCS = rows('etcd-v3-rpcs.tsv').map(([service, rpc, request, response, gateway]) => ({
  path: `/${service}/${rpc}`,
  streaming: request!.startsWith('stream ') || response!.startsWith('stream '),
  request: messageOf(service!, request!),
  response: messageOf(service!, response!),
  /** The first of the gateway's paths; undefined: it has none. */
  gatewayPath: gateway === '' ? undefined : gateway!.split(', ')[0]!.replace('POST ', ''),
}));

/** With its package, which is that of the service. */
function messageOf(service: string, message: string): string {
  return `${service.split('.')[0]}.${message.replace('stream ', '')}`;
}

/** The full name of a field's type as seen from a message: enums and messages are named relative to it. */
export function resolveType(message: string, type: string): { kind: 'message' | 'enum'; name: string } {
  const scope = message.split('.');
  for (let depth = scope.length; depth >= 0; depth--) {
    const name = [...scope.slice(0, depth), type].join('.');
    if (WIRE_MESSAGES.has(name)) return { kind: 'message', name };
    if (WIRE_ENUMS.has(name)) return { kind: 'enum', name };
  }
  // A message with no field has no line in the table.
  return { kind: 'message', name: type };
}
