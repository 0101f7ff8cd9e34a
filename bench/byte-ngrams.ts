/**
 * A byte n-gram model: what a table of counts knows of a text, for a language model to beat. Interpolated Witten–Bell
 * smoothing down to the uniform distribution over 256 bytes:
 * P(b | c) = (count(c b) + T(c) P(b | c')) / (N(c) + T(c)), where T(c) is the number of distinct bytes seen after c.
 *
 * @source Witten and Bell 1991, "The zero-frequency problem", method C
 */

/** Counts of the byte strings of one length, in an open hash table; a string of up to six bytes is one exact number. */
class Counts {
  #keys = new Float64Array(1 << 16).fill(-1);
  #counts = new Uint32Array(1 << 16);
  #followers = new Uint32Array(1 << 16);
  #size = 0;

  /** Counts once more; whether it was new. */
  add(key: number): boolean {
    if (this.#size * 2 > this.#keys.length) this.#grow();
    const slot = this.#slotOf(key);
    const isNew = this.#keys[slot] === -1;
    if (isNew) {
      this.#keys[slot] = key;
      this.#size++;
    }
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1;
    return isNew;
  }

  /** Another distinct byte was seen after it. */
  addFollower(key: number): void {
    const slot = this.#slotOf(key);
    this.#followers[slot] = (this.#followers[slot] ?? 0) + 1;
  }

  count(key: number): number {
    return this.#counts[this.#slotOf(key)] ?? 0;
  }

  followers(key: number): number {
    return this.#followers[this.#slotOf(key)] ?? 0;
  }

  #slotOf(key: number): number {
    const mask = this.#keys.length - 1;
    const [low, high] = [key % 2 ** 24, Math.floor(key / 2 ** 24)];
    let slot = (Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b)) >>> 0;
    slot = (slot ^ (slot >>> 15)) & mask;
    while (this.#keys[slot] !== -1 && this.#keys[slot] !== key) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const [keys, counts, followers] = [this.#keys, this.#counts, this.#followers];
    this.#keys = new Float64Array(2 * keys.length).fill(-1);
    this.#counts = new Uint32Array(2 * keys.length);
    this.#followers = new Uint32Array(2 * keys.length);
    keys.forEach((key, i) => {
      if (key === -1) return;
      const slot = this.#slotOf(key);
      this.#keys[slot] = key;
      this.#counts[slot] = counts[i] ?? 0;
      this.#followers[slot] = followers[i] ?? 0;
    });
  }
}

/** Counts every string of up to `n` bytes of the text (n at most 6), and gives the bits that another text has under it. */
export function trainByteNgrams(text: Uint8Array, n: number): { bits(text: Uint8Array): number } {
  const tables = Array.from({ length: n + 1 }, () => new Counts());
  const table = (length: number): Counts => tables[length] as Counts; // one for each length from 0
  for (let at = 0; at < text.length; at++) {
    table(0).add(0);
    for (let length = 1; length <= Math.min(n, at + 1); length++) {
      const key = keyOf(text, at + 1 - length, length);
      if (table(length).add(key)) table(length - 1).addFollower(keyOf(text, at + 1 - length, length - 1));
    }
  }
  return {
    bits(other) {
      let bits = 0;
      for (let at = 0; at < other.length; at++) {
        let p = 1 / 256;
        for (let length = 1; length <= Math.min(n, at + 1); length++) {
          const context = keyOf(other, at + 1 - length, length - 1);
          const seen = table(length - 1).count(context);
          if (seen === 0) break;
          const distinct = table(length - 1).followers(context);
          p = (table(length).count(keyOf(other, at + 1 - length, length)) + distinct * p) / (seen + distinct);
        }
        bits -= Math.log2(p);
      }
      return bits;
    },
  };
}

function keyOf(text: Uint8Array, start: number, length: number): number {
  let key = 0;
  for (let i = start; i < start + length; i++) key = key * 256 + (text[i] ?? 0);
  return key;
}
