/** What a link to GitHub means: a repository, a folder of it, or one file, at a branch, tag or commit. */

export interface GithubLink {
  readonly owner: string;
  readonly name: string;
  /** A file's link leads to that file alone. */
  readonly isFile: boolean;
  /** The reference and the path, which the link does not tell apart; empty for the whole of the default branch. */
  readonly rest: readonly string[];
}

/** First parts of addresses that are no people's names. */
const RESERVED = new Set(
  "about apps collections customer-stories enterprise events explore features login marketplace notifications orgs pricing search security settings sponsors topics trending users".split(
    " ",
  ),
);

/** The parts of a link, or `undefined` where it leads to something else, as an issue. */
export function parseGithubLink(link: string): GithubLink | undefined {
  const url = URL.parse(link);
  if (url === null || !/^https?:$/.test(url.protocol) || !/^(?:www\.)?github\.com$/.test(url.hostname))
    return undefined;
  const [owner = "", fullName = "", view, ...rest] = url.pathname.split("/").filter(Boolean).map(decodeURIComponent);
  const name = fullName.replace(/\.git$/, "");
  const isName = (part: string): boolean => /^[\w.-]+$/.test(part) && !/^\.+$/.test(part);
  if (!isName(owner) || !isName(name) || RESERVED.has(owner)) return undefined;
  if (rest.some((part) => part === ".." || part.includes("/"))) return undefined;
  if (view === undefined) return { owner, name, isFile: false, rest: [] };
  const isFile = view === "blob";
  return (isFile ? rest.length >= 2 : view === "tree" && rest.length >= 1) ? { owner, name, isFile, rest } : undefined;
}

/** Ways to read `feature/x/docs`: as `feature` and `x/docs`, `feature/x` and `docs`, and so on. */
export function readingsOf({ rest }: GithubLink): { ref: string; path: string }[] {
  if (rest.length === 0) return [{ ref: "HEAD", path: "" }];
  return rest.map((_, i) => ({ ref: rest.slice(0, i + 1).join("/"), path: rest.slice(i + 1).join("/") }));
}

/** An address of a part of the repository, with every part escaped. */
export function githubUrl(host: string, { owner, name }: GithubLink, ...parts: string[]): string {
  const path = [owner, name, ...parts.flatMap((part) => part.split("/"))].map(encodeURIComponent).join("/");
  return `https://${host}/${path}`;
}
