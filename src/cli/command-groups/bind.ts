/** What the groups of commands share: how an action is bound, and how help looks. */

import type { CommandContext } from "../command-context.ts";

/** What a command does, given what commander parsed. */
export type Action = (context: CommandContext, ...args: never[]) => Promise<void>;

/** Makes commander's action of one that is imported when it runs. */
export type Bind = (load: () => Promise<Action>) => (...args: unknown[]) => Promise<void>;

/** Of an option that can be repeated. */
export const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

export const example = (line: string): string => `\nExample:\n  ${line}\n`;
