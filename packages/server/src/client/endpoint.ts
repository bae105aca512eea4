/** What `--endpoints` says of one member: where it listens, and whether over TLS. Knows no socket. */

export type EndpointAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

export interface Endpoint {
  /** As it was given, for messages and tables. */
  readonly text: string;
  readonly address: EndpointAddress;
  /** Undefined: nothing was said, and the TLS options decide. */
  readonly isSecure: boolean | undefined;
}

const PORT_DEFAULT = 2379;

/** Undefined where the text is no endpoint. */
export function parseEndpoint(given: string): Endpoint | undefined {
  const text = given.trim();
  const [, scheme, rest] = /^(?:([a-z]+):(?:\/\/)?(?![0-9]+$))?(.*)$/s.exec(text)!;
  switch (scheme) {
    case 'unix':
    case 'unixs':
      return rest === ''
        ? undefined
        : { text, address: { kind: 'unix', path: rest! }, isSecure: scheme === 'unixs' };
    case undefined:
    case 'http':
    case 'https': {
      const address = parseHostAndPort(rest!);
      if (address === undefined) return undefined;
      return { text, address, isSecure: scheme === undefined ? undefined : scheme === 'https' };
    }
    default: {
      // `localhost:2379` has no scheme, though it begins like one.
      const address = parseHostAndPort(text);
      return address === undefined ? undefined : { text, address, isSecure: undefined };
    }
  }
}

function parseHostAndPort(text: string): EndpointAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?\/?$/.exec(text);
  if (match === null) return undefined;
  const port = match[3] === undefined ? PORT_DEFAULT : Number(match[3]);
  if (port < 1 || port > 65_535) return undefined;
  return { kind: 'tcp', host: (match[1] ?? match[2])!, port };
}
