import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maskPii } from "./mask-pii.ts";

const masked = (text: string): string => maskPii(text).text;

describe("masking personal data", () => {
  it.each([
    ["Write to ada@example.org, or to Bob.O-Neil+x@mail.example.co.uk.", "Write to [EMAIL], or to [EMAIL]."],
    ["[mail](mailto:ada@example.org) <jürgen@müller.de>", "[mail](mailto:[EMAIL]) <[EMAIL]>"],
    ["+49 30 901820, +1 (415) 555-2671, +442079460958, +33 1 23 45 67 89", "[PHONE], [PHONE], [PHONE], [PHONE]"],
    ["0049 30 901820 and +43 (0) 1 5811820", "[PHONE] and [PHONE]"],
    ["(415) 555-2671, 415-555-2671, 415.555.2671, 1-800-555-0199", "[PHONE], [PHONE], [PHONE], [PHONE]"],
    ["Tel.: 030 / 901820; mobile 0171-1234567; 01 23 45 67 89", "Tel.: [PHONE]; mobile [PHONE]; [PHONE]"],
    ["DE89 3704 0044 0532 0130 00 or GB82WEST12345698765432", "[IBAN] or [IBAN]"],
    ["4111 1111 1111 1111, 5555555555554444, 3782-822463-10005", "[CARD], [CARD], [CARD]"],
    ["from 203.0.113.7 to http://198.51.100.4:8080/x", "from [IP] to http://[IP]:8080/x"],
    ["2001:db8:85a3::8a2e:370:7334 and fe80::1:2:3", "[IP] and [IP]"],
    ["key = 'AKIAIOSFODNN7EXAMPLE'", "key = '[SECRET]'"],
    [`token ghp_${"a1B2".repeat(9)} and sk-proj-${"Zz9_".repeat(10)}`, "token [SECRET] and [SECRET]"],
    ["postgres://ada:hunter2@db.example.org/notes", "postgres://ada:[SECRET]@db.example.org/notes"],
    ["Authorization: Bearer abcDEF123456abcDEF123456", "Authorization: Bearer [SECRET]"],
    ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N", "[SECRET]"],
    [
      "-----BEGIN PRIVATE KEY-----\nMIIEvQIB\nADANBgkq\n-----END PRIVATE KEY-----",
      "-----BEGIN PRIVATE KEY-----\n[SECRET]\n[SECRET]\n-----END PRIVATE KEY-----",
    ],
  ])("masks %s", (text, expected) => {
    expect(masked(text)).toBe(expected);
    expect(masked(expected)).toBe(expected);
  });

  it.each([
    ["dates and times", "2024-01-31, 31.01.2024, 01/31/2024, 2024-01-31T12:30:45.123Z, 12:30:45, 1999-2004"],
    [
      "versions",
      "v1.2.3.4, version 11.0.190.1, v8 11.4.183.1, Chrome/120.0.6.109, numpy==1.26.4.1, node 24.21.0, 1.2.3-rc.4",
    ],
    ["numbers in code", "const id = 1234567890123456; x = 4111111111111112; 0xdeadbeef; 1_000_000; port 8080"],
    ["timestamps and long ids", "1700000000000 1732450000 1234567890123456789 9780306406157 978-0-306-40615-7"],
    ["sums", "1,234,567.89 + 12345678 = 10 000 000; +15%; a+123456789; €1.000.000,00; 3.14159265358979"],
    ["reference numbers", "RFC 4180, ISO 13616-1:2020, PR #12345678, PMC176545, 10.1371/journal.pbio.0000005"],
    ["ranges and lists of numbers", "1 2 3 4 5 6 7 8 9 10 11 12; 100-200-300; 2019-2020-2021; 0 1 10 11 100 101"],
    ["handles, packages and files", "@ada on X, react@18.2.0, logo@2x.png, git@github.com:ada/notes.git, @app.route"],
    [
      "hosts that are nobody’s",
      "127.0.0.1, 10.0.0.1, 192.168.1.5, 172.17.0.1, 0.0.0.0, 255.255.255.0, ::1, std::vector, de::ad, aa:bb:cc:dd:ee:ff",
    ],
    ["examples of tokens", "sk-your-api-key-goes-here-please, AKIA..., ghp_xxxx, Bearer <token>"],
    [
      "codes that only look like account numbers",
      "DE89 3704 0044 0532 0130 01, AB12 3456 7890 1234, GPT4 2024 2025 2026",
    ],
    ["numbers inside addresses of pages", "https://example.org/2024/415-555-2671 https://x.org/p/4111111111111112"],
    [
      "hashes",
      "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08, 550e8400-e29b-41d4-a716-446655440000",
    ],
  ])("leaves %s", (_, text) => {
    expect(masked(text)).toBe(text);
  });

  it("counts what it masks, and masks only the kinds that are asked for", () => {
    const text = "a@b.org c@d.org\n+49 30 901820";
    expect(maskPii(text).counts).toEqual({ email: 2, phone: 1 });
    expect(maskPii(text, ["phone"])).toEqual({ text: "a@b.org c@d.org\n[PHONE]", counts: { phone: 1 } });
  });

  it("keeps every line, and changes nothing when it is given again", () => {
    const piece = fc.constantFrom(
      "a@b.org",
      "+49 30 901820",
      "4111 1111 1111 1111",
      "203.0.113.7",
      "1.2.3.4",
      "2024-01-31",
      " ",
      "\n",
      "word",
      "-----BEGIN PRIVATE KEY-----",
      "AKIAIOSFODNN7EXAMPLE",
      ":",
      ",",
      "0",
      "9",
      "+",
      "(",
      ")",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const once = masked(pieces.join(""));
        expect(once.split("\n")).toHaveLength(pieces.join("").split("\n").length);
        expect(masked(once)).toBe(once);
      }),
      { numRuns: 1000, seed: 3 },
    );
  });

  it("takes time in proportion to the text, whatever stands in it", () => {
    for (const part of ["a", "1", "1 ", "a.", "+1", "0-", "1.", "a@", ":", "eyJ"]) {
      const start = performance.now();
      masked(part.repeat(40_000));
      expect(performance.now() - start).toBeLessThan(2000);
    }
  });
});
