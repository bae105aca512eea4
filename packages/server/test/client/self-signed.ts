/** A certificate made for one test: a key of its own, signed by itself, for localhost and 127.0.0.1. */
import { createSign, generateKeyPairSync } from 'node:crypto';

/** Valid in any year in which somebody may run this. */
const NOT_BEFORE = '20000101000000Z';
const NOT_AFTER = '21000101000000Z';

export interface SelfSigned {
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
}

export function selfSigned(): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = sequence(objectId([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]));
  const commonName = objectId([0x55, 0x04, 0x03]);
  const name = sequence(element(0x31, sequence(commonName, text('synod test'))));
  const subjectAltName = objectId([0x55, 0x1d, 0x11]);
  const names = sequence(element(0x82, Buffer.from('localhost')), element(0x87, Buffer.from([127, 0, 0, 1])));
  const body = sequence(
    element(0xa0, integer(2)),
    integer(1),
    ecdsaWithSha256,
    name,
    sequence(time(NOT_BEFORE), time(NOT_AFTER)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    element(0xa3, sequence(sequence(subjectAltName, element(0x04, names)))),
  );
  const signature = createSign('sha256').update(body).sign(privateKey);
  const certificate = sequence(body, ecdsaWithSha256, element(0x03, Buffer.from([0]), signature));
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** DER: a tag, a length, the content. */
function element(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const length =
    body.length < 0x80
      ? [body.length]
      : body.length < 0x100
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const sequence = (...content: readonly Uint8Array[]): Buffer => element(0x30, ...content);
const integer = (value: number): Buffer => element(0x02, Buffer.from([value]));
const objectId = (bytes: readonly number[]): Buffer => element(0x06, Buffer.from(bytes));
const text = (value: string): Buffer => element(0x0c, Buffer.from(value));
const time = (value: string): Buffer => element(0x18, Buffer.from(value));
