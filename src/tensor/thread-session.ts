/**
 * A session in a thread of its own, so that the event loop stays free while ONNX Runtime computes.
 * Inputs and outputs are shared memory: nothing is copied between the threads.
 */

import { Worker } from "node:worker_threads";
import { SessionError } from "./errors.ts";
import type { CompiledGraph } from "./graph.ts";
import { allocate, arraysOf, type SessionOptions, type TensorSession } from "./session.ts";
import type { ThreadAnswer, ThreadSetup } from "./session-thread.ts";

/**
 * Opens a compiled graph in a new thread. `graph.model` is moved there and empty afterwards. One run at a time.
 *
 * @throws {SessionError} when ONNX Runtime refuses the graph, when a run fails, and on a run after `close`
 */
export async function openThreadSession(graph: CompiledGraph, options: SessionOptions = {}): Promise<TensorSession> {
  const memory = allocate(graph, options);
  const setup: ThreadSetup = { graph, memory, threads: options.threads ?? 2 };
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const worker = new Worker(new URL(`./session-thread.${extension}`, import.meta.url), {
    workerData: setup,
    transferList: [graph.model.buffer],
  });
  let closed = false;
  await answerOf(worker).catch(async (refusal: unknown) => {
    await worker.terminate();
    throw refusal;
  });
  return {
    ...arraysOf(memory),
    async run() {
      if (closed) throw new SessionError("run was called after close");
      worker.postMessage("run");
      await answerOf(worker);
    },
    async close() {
      if (closed) return;
      closed = true;
      worker.postMessage("close");
      await answerOf(worker);
      await worker.terminate();
    },
  };
}

/** Waits for the thread's next answer, or its end. The thread holds the process open only while it is waited for. */
function answerOf(worker: Worker): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onMessage = ({ error }: ThreadAnswer): void => {
    settle(() => (error === undefined ? resolve() : reject(new SessionError(error))));
  };
  const onError = (cause: unknown): void => settle(() => reject(new SessionError("its thread failed", { cause })));
  const onExit = (code: number): void => settle(() => reject(new SessionError(`its thread ended with code ${code}`)));
  const settle = (outcome: () => void): void => {
    worker.off("message", onMessage).off("error", onError).off("exit", onExit).unref();
    outcome();
  };
  worker.on("message", onMessage).on("error", onError).on("exit", onExit).ref();
  return promise;
}
