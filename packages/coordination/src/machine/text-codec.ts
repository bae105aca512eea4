/** Names and addresses as bytes: any characters, unlike keys. */
import type { ByteReader, ByteWriter } from '@synod/consensus';

/** Text of any characters, a varint for each: names and addresses are few and short. */
export function writeText(writer: ByteWriter, text: string): void {
  writer.varint(text.length);
  for (let i = 0; i < text.length; i++) writer.varint(text.charCodeAt(i));
}

export function readText(reader: ByteReader): string {
  let text = '';
  for (let count = reader.varint(); count > 0; count--) text += String.fromCharCode(reader.varint());
  return text;
}

export function writeTexts(writer: ByteWriter, texts: readonly string[]): void {
  writer.varint(texts.length);
  for (const text of texts) writeText(writer, text);
}

export function readTexts(reader: ByteReader): string[] {
  const texts: string[] = [];
  for (let count = reader.varint(); count > 0; count--) texts.push(readText(reader));
  return texts;
}
