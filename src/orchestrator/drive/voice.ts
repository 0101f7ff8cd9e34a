/** Carries what a step says to the journal, the run's events and the workspace's log. */

import type { JsonValue } from "../../core/json.ts";
import type { StepVoice } from "../attempt.ts";
import type { InvocationPlace } from "../events.ts";
import { toJsonValue } from "../json-value.ts";
import type { RunContext } from "./run-context.ts";

/** The voice of one attempt. */
export function createVoice(
  run: Pick<RunContext, "events" | "recorder" | "workspace">,
  place: InvocationPlace,
  attempt: number,
): StepVoice {
  const { events, recorder, workspace } = run;
  const { invocationId, displayName } = place;
  return {
    log(level, message, fields) {
      recorder.log({ invocationId, attempt, level, message, fields, atMs: workspace.clock.now() });
      events.push({ type: "step-log", ...place, level, message, fields });
      workspace.log[level](message, { ...fields, step: displayName });
    },
    metric(name, value, atStep) {
      recorder.metric({ invocationId, name, value, atStep: atStep ?? null, atMs: workspace.clock.now() });
      events.push({ type: "step-metric", ...place, name, value, atStep: atStep ?? null });
    },
    metadata(record, about) {
      for (const [key, value] of Object.entries(record)) {
        const checked: JsonValue = toJsonValue(value, `the metadata ${key} of ${displayName}`);
        recorder.metadata({ invocationId: about === "run" ? null : invocationId, key, value: checked });
      }
      events.push({ type: "step-metadata", ...place, record });
    },
    progress(done, total, label) {
      events.push({ type: "step-progress", ...place, done, total, label: label ?? null });
    },
  };
}
