/** What can go wrong in a test's workspace itself. */

import { TrilithError } from "../core/errors.ts";

/** Thrown when a step reads a port that its test has not handed in. */
export class PortNotGivenError extends TrilithError {
  override readonly code = "port-not-given";
  override readonly usage = true;

  constructor(port: string, member: string) {
    super(
      `A step reads ${port}.${member}, and this test's workspace has no ${port}; expected the test to hand one in. ` +
        `Pass { ports: { ${port}: … } }, with the members that the step uses.`,
    );
  }
}
