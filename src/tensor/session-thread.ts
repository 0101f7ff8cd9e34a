/** The thread of `openThreadSession`: opens the graph it is sent, then runs it once for every message. */

import { parentPort, workerData } from "node:worker_threads";
import { messageOf } from "../core/errors.ts";
import type { CompiledGraph } from "./graph.ts";
import { openOnMemory, type SessionMemory } from "./session.ts";

/** What the thread is started with. */
export interface ThreadSetup {
  readonly graph: CompiledGraph;
  readonly memory: SessionMemory;
  readonly threads: number;
}

/** What the thread answers to its start and to every message. */
export type ThreadAnswer = { readonly error?: string };

const port = parentPort;
if (port) {
  const { graph, memory, threads } = workerData as ThreadSetup; // openThreadSession is the only one to start this file
  const answer = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
      port.postMessage({} satisfies ThreadAnswer);
    } catch (error) {
      port.postMessage({ error: messageOf(error) } satisfies ThreadAnswer);
    }
  };
  let session: Awaited<ReturnType<typeof openOnMemory>> | undefined;
  await answer(async () => {
    session = await openOnMemory(graph, memory, threads);
  });
  port.on("message", (message: "run" | "close") => {
    void answer(async () => {
      await (message === "run" ? session?.run() : session?.close());
    });
  });
}
