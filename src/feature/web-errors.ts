/** What can be wrong between a link and its server's rules: robots.txt, feeds, discovery, the browser. */

import { messageOf, TrilithError } from "../core/errors.ts";

/** Thrown when the host's robots.txt does not let Trilith fetch the page. */
export class LinkDisallowedError extends TrilithError {
  override readonly code = "link-disallowed";
  override readonly usage = true;
  readonly link: string;

  constructor(link: string, rule: string) {
    super(
      `${link} is not to be fetched: ${rule}; expected a page that its host opens to crawlers. Save the page and collect ` +
        "the file, use the platform's export, or, where the site is yours, let the user agent Trilith in, or name the host " +
        "in web.ignoreRobotsOf of the configuration.",
    );
    this.link = link;
  }
}

/** Thrown when a host asks for a longer pause than Trilith waits. */
export class LinkPausedError extends TrilithError {
  override readonly code = "link-paused";
  override readonly retryable = true;
  readonly link: string;
  readonly waitMs: number;

  constructor(link: string, waitMs: number, longestMs: number) {
    super(
      `${link} asks to be left alone for ${Math.ceil(waitMs / 1000)} s; expected at most ${Math.ceil(longestMs / 1000)} s. ` +
        "Collect it again later; what was collected until now is kept.",
    );
    this.link = link;
    this.waitMs = waitMs;
  }
}

/** Thrown when what should be a feed or a sitemap cannot be read as one. */
export class FeedUnreadableError extends TrilithError {
  override readonly code = "feed-unreadable";
  override readonly usage = true;
  readonly link: string;

  constructor(link: string, cause: unknown) {
    super(
      `${link} cannot be read as a feed (${messageOf(cause)}); expected RSS or Atom without entity definitions. ` +
        "Correct the link, or collect the pages by their own links.",
      { cause },
    );
    this.link = link;
  }
}

/** Thrown when no post is found under a page that should lead to some. */
export class NothingDiscoveredError extends TrilithError {
  override readonly code = "nothing-discovered";
  override readonly usage = true;
  readonly link: string;

  constructor(link: string, problems: readonly string[]) {
    const looked = problems.length > 0 ? ` (${problems.join("; ")})` : "";
    super(
      `No posts were found under ${link}${looked}; expected a feed, a sitemap, or pages that link to posts. ` +
        "Give the address of the blog's home page or of its feed, or the links of the posts themselves.",
    );
    this.link = link;
  }
}

/** Thrown when the configured browser does not start, or does not show a page. */
export class BrowserFailedError extends TrilithError {
  override readonly code = "browser-failed";
  override readonly usage = true;

  constructor(what: string, cause: unknown) {
    const [problem] = messageOf(cause).split("\n");
    super(
      `The browser failed at ${what} (${problem}); expected Chromium or Chrome at web.browser.executablePath of the ` +
        "configuration. Correct the path; as root, add web.browser.sandbox: false, for pages that you trust.",
      { cause },
    );
  }
}
