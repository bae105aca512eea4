/** Makes X.509 certificates (RFC 5280): the few fields that a self-signed one of --auto-tls has. Node only reads them. */
import { type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { bits, element, integer, objectId, octets, pem, sequence, setOf, time, truth, utf8 } from './der.ts';

export const ECDSA_WITH_SHA256 = sequence(objectId([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]));

export interface CertificateFields {
  readonly subject: { readonly organization?: string; readonly commonName?: string };
  /** Of the holder: an elliptic curve's. */
  readonly publicKey: KeyObject;
  /** Undefined: the subject itself. */
  readonly issuer?: CertificateFields['subject'];
  /** Whose key signs: on the curve P-256. */
  readonly signingKey: KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Names and IP addresses it is for. */
  readonly hosts: readonly string[];
  readonly isAuthority: boolean;
  readonly serial?: Uint8Array;
}

/** PEM. */
export function makeCertificate(fields: CertificateFields): string {
  const body = sequence(
    element(0xa0, integer(Buffer.from([2]))),
    integer(fields.serial ?? newSerial()),
    ECDSA_WITH_SHA256,
    nameOf(fields.issuer ?? fields.subject),
    sequence(time(fields.notBefore), time(fields.notAfter)),
    nameOf(fields.subject),
    fields.publicKey.export({ type: 'spki', format: 'der' }),
    element(0xa3, sequence(...extensions(fields))),
  );
  return pem('CERTIFICATE', signed(body, fields.signingKey));
}

/** What is signed, the algorithm, and the signature: the frame of certificates and of lists of revoked ones. */
export function signed(body: Uint8Array, key: KeyObject): Buffer {
  return sequence(body, ECDSA_WITH_SHA256, bits(sign('sha256', body, key)));
}

/** 127 bits of chance, never negative. */
function newSerial(): Uint8Array {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes;
}

const ORGANIZATION = objectId([0x55, 0x04, 0x0a]);
const COMMON_NAME = objectId([0x55, 0x04, 0x03]);

export function nameOf({ organization, commonName }: CertificateFields['subject']): Buffer {
  const attributes = [];
  if (organization !== undefined) attributes.push(setOf(sequence(ORGANIZATION, utf8(organization))));
  if (commonName !== undefined) attributes.push(setOf(sequence(COMMON_NAME, utf8(commonName))));
  return sequence(...attributes);
}

const SUBJECT_ALT_NAME = objectId([0x55, 0x1d, 0x11]);
const BASIC_CONSTRAINTS = objectId([0x55, 0x1d, 0x13]);
const KEY_USAGE = objectId([0x55, 0x1d, 0x0f]);
const EXTENDED_KEY_USAGE = objectId([0x55, 0x1d, 0x25]);
const SERVER_AUTH = objectId([0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01]);
const CLIENT_AUTH = objectId([0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02]);
/** digitalSignature; keyCertSign and cRLSign. */
const SIGNS_HANDSHAKES = bits(Buffer.from([0x80]), 7);
const SIGNS_CERTIFICATES = bits(Buffer.from([0x06]), 1);

function extensions({ isAuthority, hosts }: CertificateFields): Buffer[] {
  const critical = (id: Buffer, value: Buffer): Buffer => sequence(id, truth(), octets(value));
  const made = [
    critical(BASIC_CONSTRAINTS, isAuthority ? sequence(truth()) : sequence()),
    critical(KEY_USAGE, isAuthority ? SIGNS_CERTIFICATES : SIGNS_HANDSHAKES),
  ];
  if (!isAuthority) made.push(sequence(EXTENDED_KEY_USAGE, octets(sequence(SERVER_AUTH, CLIENT_AUTH))));
  if (hosts.length > 0) made.push(sequence(SUBJECT_ALT_NAME, octets(sequence(...hosts.map(altName)))));
  return made;
}

/** An IP address as its bytes, anything else as a DNS name. */
function altName(host: string): Buffer {
  switch (isIP(host)) {
    case 4:
      return element(0x87, Buffer.from(host.split('.').map(Number)));
    case 6:
      return element(0x87, bytesOfIpv6(host));
    default:
      return element(0x82, Buffer.from(host));
  }
}

/** The URL class writes an address out with at most one `::`, which stands for the zeros that are missing. */
function bytesOfIpv6(host: string): Buffer {
  const short = new URL(`http://[${host}]`).hostname.slice(1, -1);
  const [head = '', tail] = short.split('::');
  const words = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const after = tail === undefined ? [] : words(tail);
  const zeros = Array.from({ length: 8 - words(head).length - after.length }, () => '0');
  const bytes = Buffer.alloc(16);
  for (const [at, word] of [...words(head), ...zeros, ...after].entries())
    bytes.writeUInt16BE(Number.parseInt(word, 16), at * 2);
  return bytes;
}
