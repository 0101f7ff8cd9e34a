/**
 * The byte-level alphabet of GPT-2: each of the 256 bytes as one printable character, so that
 * any text is a word over 256 letters and a vocabulary file stays readable.
 *
 * @source openai/gpt-2 `src/encoder.py`, `bytes_to_unicode`
 */

/** The character that stands for each byte, by byte. */
export const BYTE_CHARACTERS: readonly string[] = byteCharacters();

/** Text as a word over the byte alphabet, one character a UTF-8 byte. */
export function toByteCharacters(text: string): string {
  let word = "";
  for (const byte of new TextEncoder().encode(text)) word += BYTE_CHARACTERS[byte];
  return word;
}

function byteCharacters(): string[] {
  const isPrintable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++));
}
