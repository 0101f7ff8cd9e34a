/** JSON as a type, and its canonical text: equal values give equal bytes, whatever the order of their keys. */

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/**
 * JSON text with sorted keys and without white space; members that are `undefined` are left out.
 *
 * @source RFC 8785 (JSON Canonicalization Scheme) §3.2, but keys are sorted by UTF-16 code units without re-escaping
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : member,
  );
}
