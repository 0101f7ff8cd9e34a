import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { readBaseLicence } from "./base-licence.ts";

it("reads a base's licence from its card, and knows none where none is stated", async () => {
  const folder = mkdtempSync(join(tmpdir(), "trilith-base-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const stated = async (card: string): Promise<string | undefined> => {
    writeFileSync(join(folder, "README.md"), card);
    return readBaseLicence(folder);
  };
  expect(await readBaseLicence(folder)).toBeUndefined();
  expect(await stated("---\nlicense: apache-2.0\n---\n# A model")).toBe("apache-2.0");
  expect(await stated("---\r\nlicense: other\r\nlicense_name: llama3.2\r\n---\r\n")).toBe("llama3.2");
  expect(await stated("# A model\nlicense: mit")).toBeUndefined();
  expect(await stated("---\nlicense: [a: b\n---\n")).toBeUndefined();
});

it("is stated by the base that comes with the package", async () => {
  expect(await readBaseLicence(join(import.meta.dirname, "../../models/trilith-base-9m"))).toBe("mit");
});
