/** A request's JSON body, checked: every reason why it is refused names the field. */

import type { Context } from "hono";
import type { z } from "zod";
import { RequestError } from "./errors.ts";

/** @throws {RequestError} when the body is no JSON or does not fit the schema */
export async function readBody<T>(context: Context, schema: z.ZodType<T>): Promise<T> {
  // Browsers send other types across sites without asking; JSON they may not.
  if (!/^application\/json\b/i.test(context.req.header("content-type") ?? "")) {
    throw new RequestError(415, "The body must be JSON: send content-type: application/json.");
  }
  const result = schema.safeParse(await parseJson(context));
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => ({ field: path.join("."), message }));
  throw new RequestError(
    400,
    `The body is not valid: ${issues.map(({ field, message }) => `${field || "body"}: ${message}`).join("; ")}.`,
    { param: issues[0]?.field || null },
  );
}

async function parseJson(context: Context): Promise<unknown> {
  const text = await context.req.text();
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new RequestError(400, `The body is no JSON: ${cause.message}.`);
    throw cause;
  }
}
