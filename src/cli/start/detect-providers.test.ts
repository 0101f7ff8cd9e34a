import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { detectProviders } from "./detect-providers.ts";

describe("detectProviders", () => {
  it("names a local server and how to use it", async () => {
    const found = await detectProviders({ env: {}, listens: async (port) => port === 11434 });
    expect(found).toEqual([
      {
        name: "Ollama listens on port 11434",
        use: "TRILITH_MODEL_URL=http://127.0.0.1:11434/v1 TRILITH_MODEL=llama3.2",
      },
    ]);
  });

  it("names a key's variable and never its value", async () => {
    const found = await detectProviders({ env: { OPENAI_API_KEY: "sk-secret" }, listens: async () => false });
    expect(found).toHaveLength(1);
    expect(JSON.stringify(found)).not.toContain("sk-secret");
  });

  it("opens a connection and sends nothing", async () => {
    const received: string[] = [];
    const server = createServer((socket) => socket.on("data", (data) => received.push(String(data))));
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(1234, "127.0.0.1", resolve));
    const found = await detectProviders({ env: {} });
    await new Promise((resolve) => server.close(resolve));
    expect(found.map(({ name }) => name)).toContain("LM Studio listens on port 1234");
    expect(received).toEqual([]);
  });
});
