import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BlogServer, postPage, startBlog } from "../collect/blog-server.ts";
import { type Ended, PACKAGE_FOLDER, runTrilith, startTrilith } from "./run-trilith.ts";

const NAMES = ["bread", "butter", "rye", "oats", "salt", "yeast"];

let folder: string;
let blog: BlogServer;
/** Answers to this path are kept back until it is `undefined` again. */
let held: string | undefined;

beforeEach(async () => {
  held = undefined;
  blog = await startBlog(async (path) => {
    while (path === held) await new Promise((resolve) => setTimeout(resolve, 10));
  });
  for (const name of NAMES) blog.pages.set(`/p/${name}`, postPage(`The ${name}`));
  const links = NAMES.map((name) => `<a href="/p/${name}">${name}</a>`).join("");
  blog.pages.set("/", `<html><body>${links}<a href="/about">About</a></body></html>`);
  folder = mkdtempSync(join(tmpdir(), "trilith-collect-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(PACKAGE_FOLDER, join(folder, "node_modules/trilith"), "junction");
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  writeFileSync(join(folder, "trilith.config.js"), `export const config = { allowedHosts: ["${blog.host}"] };\n`);
});
afterEach(() => {
  held = undefined;
  blog.close();
  rmSync(folder, { recursive: true });
});

const trilith = (...args: string[]): Promise<Ended> => runTrilith(args, { cwd: folder });
const author = ["--author", "Ada Lovelace"];
const posts = (): string[] => blog.asked.map(({ path }) => path).filter((path) => path.startsWith("/p/"));

/** Starts collecting, waits until the fourth post is asked for, and ends the process. */
async function stopAtTheFourth(signal: "SIGINT" | "SIGKILL"): Promise<Ended> {
  held = "/p/oats";
  const { child, ended } = startTrilith(["collect", blog.home, ...author, "--discover", "--yes"], { cwd: folder });
  while (posts().length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise((resolve) => setTimeout(resolve, 200)); // the third is written down, the fourth is waited for
  child.kill(signal);
  const end = await ended;
  held = undefined;
  await new Promise((resolve) => setTimeout(resolve, 100)); // the answer that nobody waits for any more is written down
  return end;
}

describe("trilith collect", () => {
  it("collects all posts of a blog, and asks for nothing but what has changed the next time", async () => {
    const first = await trilith("collect", blog.home, ...author, "--discover", "--yes");
    expect(first.code, first.stderr).toBe(0);
    expect(first.stderr).toMatch(/ 6 {2}in all/);
    expect(first.stdout).toMatch(/^new +1 {2}http:\S+\/p\/bread$/m);
    expect(first.stdout).toMatch(new RegExp(`^${blog.host} +6 +6$`, "m"));
    expect(first.stdout).toContain("Next: trilith run feature_engineering");
    blog.asked.splice(0);
    blog.pages.delete("/p/rye");
    const links = NAMES.map((name) => `${blog.home}p/${name}`);
    const again = await trilith("collect", ...links, ...author, "--json");
    const report = JSON.parse(again.stdout);
    expect(report.links.map(({ outcome }: { outcome: string }) => outcome)).toEqual([
      "unchanged",
      "unchanged",
      "gone",
      "unchanged",
      "unchanged",
      "unchanged",
    ]);
    expect(blog.asked.filter(({ bytes }) => bytes > 0)).toEqual([]);
  });

  it("looks again at posts that the blog no longer leads to, and marks those that are gone", async () => {
    await trilith("collect", blog.home, ...author, "--discover", "--yes");
    blog.pages.set("/", '<html><body><a href="/p/bread">bread</a><a href="/p/butter">butter</a></body></html>');
    blog.pages.delete("/p/rye");
    const run = ["run", "digital_data_etl", "--set", "user_full_name=Ada Lovelace", "--set", `links=[${blog.home}]`];
    const again = await trilith(...run, "--set", "discover=true");
    expect(again.code, again.stderr).toBe(0);
    const { stdout, stderr } = await trilith("collect", blog.home, ...author, "--discover", "--yes");
    expect(stderr).toMatch(/ 3 {2}collected before, and not found now/);
    expect(stdout).not.toMatch(/rye/);
    expect(blog.asked.filter(({ path }) => path === "/p/rye").map(({ status }) => status)).toEqual([200, 404]);
  });

  it("asks before it collects what it discovered, and does not where nobody can answer", async () => {
    const { code, stdout, stderr } = await trilith("collect", blog.home, ...author, "--discover");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/6 pages would be collected; expected a person at a terminal who agrees\. Give --yes/);
    expect(posts()).toEqual([]);
  });

  it("says which links failed and why, and what it expected", async () => {
    const { code, stderr } = await trilith("collect", `${blog.home}p/never`, "http://169.254.169.254/", ...author);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/2 of 2 links failed/);
    expect(stderr).toMatch(/p\/never answered with HTTP status 404/);
    expect(stderr).toMatch(/169\.254\.169\.254 is at 169\.254\.169\.254, a private/);
    const nothing = await trilith("collect", `${blog.home}p/bread`, ...author, "--discover", "--yes");
    expect(nothing.code).toBe(2);
    expect(nothing.stderr).toMatch(/No posts were found under \S+\/p\/bread/);
  });

  it.each(["SIGINT", "SIGKILL"] as const)("goes on after %s without fetching again what it has", async (signal) => {
    const stopped = await stopAtTheFourth(signal);
    if (signal === "SIGINT")
      expect([stopped.code, stopped.stderr]).toEqual([130, expect.stringMatching(/trilith resume/)]);
    blog.asked.splice(0);
    const { stdout } = await trilith("runs", "--json");
    const [run] = JSON.parse(stdout);
    const resumed = await trilith("resume", run.id);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(posts()).toEqual(["/p/oats", "/p/salt", "/p/yeast"]);
    const all = await trilith("collect", ...NAMES.map((name) => `${blog.home}p/${name}`), ...author, "--json");
    expect(JSON.parse(all.stdout).hosts).toEqual({ [blog.host]: { successful: 6, total: 6 } });
  });
});
