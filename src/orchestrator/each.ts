/** `each()`: the same step for every element of a list, also of a list that does not exist yet. */

import type { Ref } from "./ref.ts";
import { pipelineScope } from "./scope.ts";

/** How far a fan-out may go at once. */
export interface EachLimits {
  /** How many of the calls run at once. Default: as many as the run allows. */
  readonly concurrency?: number;
}

/**
 * Calls `call` for every element and gives a reference to the list of its results, in order.
 * For a reference to a list, elements are references too (`links[3]`): the edge is kept and only the length is read.
 * `call` returns the reference of the step that it calls, and is not async.
 *
 * @throws {StepOutsidePipelineError} outside the run function of a pipeline
 */
export function each<T, U>(
  list: Ref<readonly T[]>,
  call: (element: Ref<T>, index: number) => Ref<U>,
  limits?: EachLimits,
): Ref<U[]>;
export function each<T, U>(
  list: readonly T[],
  call: (element: T, index: number) => Ref<U>,
  limits?: EachLimits,
): Ref<U[]>;
export function each(
  list: unknown,
  // Either overload's elements: the scope gives references for a reference, elements for an array.
  call: (element: never, index: number) => unknown,
  { concurrency }: EachLimits = {},
): Ref<unknown> {
  return pipelineScope("given to each()").each(list, call as (element: unknown, index: number) => unknown, {
    concurrency,
  });
}
