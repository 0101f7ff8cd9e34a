/** What can be wrong with a link, a folder or an export: one class a cause, each with what to do about it. */

import { messageOf, TrilithError } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";

/** Thrown when nothing answers at the link: no such host, connection refused, a certificate that does not hold. */
export class LinkUnreachableError extends TrilithError {
  override readonly code = "link-unreachable";
  override readonly retryable = true;
  override readonly usage = true;
  readonly link: string;

  constructor(link: string, cause: unknown) {
    super(
      `${link} cannot be reached (${messageOf(cause)}); expected a server that answers. ` +
        "Check the link and the network, then collect again.",
      { cause },
    );
    this.link = link;
  }
}

/** Thrown when the page has not come whole within the time limit. */
export class LinkTimeoutError extends TrilithError {
  override readonly code = "link-timeout";
  override readonly retryable = true;
  readonly link: string;

  constructor(link: string, timeoutMs: number) {
    super(`${link} did not answer whole within ${timeoutMs} ms; expected a page by then. Collect it again later.`);
    this.link = link;
  }
}

/** Thrown when the server answers with a status that is no success: a dead link, a refusal, a fault. */
export class LinkStatusError extends TrilithError {
  override readonly code = "link-status";
  override readonly retryable: boolean;
  override readonly usage = true;
  readonly link: string;
  readonly status: number;

  constructor(link: string, status: number) {
    const hint =
      status === 404 || status === 410
        ? "The page is gone: correct the link or take it out."
        : status === 401 || status === 403
          ? "The server refuses: save the page as a file and collect the file."
          : "Collect it again later.";
    super(`${link} answered with HTTP status ${status}; expected 200. ${hint}`);
    this.link = link;
    this.status = status;
    this.retryable = status === 408 || status === 429 || status >= 500;
  }
}

/** Thrown when what comes is no HTML page. */
export class LinkNotHtmlError extends TrilithError {
  override readonly code = "link-not-html";
  override readonly usage = true;
  readonly link: string;
  readonly contentType: string;

  constructor(link: string, contentType: string) {
    super(
      `${link} is ${contentType}; expected an HTML page (text/html). ` +
        "Link to the page that shows the text, or collect the text as a Markdown file.",
    );
    this.link = link;
    this.contentType = contentType;
  }
}

/** Thrown when a page has no main content: an empty page, or one that scripts fill in a browser. */
export class LinkEmptyError extends TrilithError {
  override readonly code = "link-empty";
  override readonly usage = true;
  readonly link: string;

  constructor(link: string, words: number) {
    super(
      `${link} has no main content (${words} words were found); expected an article in the page's HTML. ` +
        "A page that scripts fill in can be saved from the browser and collected as a file.",
    );
    this.link = link;
  }
}

/** Thrown when a page shows a login or a paywall instead of the text. */
export class LinkLoginWallError extends TrilithError {
  override readonly code = "link-login-wall";
  override readonly usage = true;
  readonly link: string;

  constructor(link: string, sign: string) {
    super(
      `${link} shows its text only to people who are logged in (${sign}); expected a public page. ` +
        "Save the page from your browser and collect the file, or use the platform's export of your data.",
    );
    this.link = link;
  }
}

/** Thrown when a page's elements are so many, or nested so deep, that it cannot be read. */
export class PageTooDeepError extends TrilithError {
  override readonly code = "page-too-deep";
  override readonly usage = true;
  readonly source: string;

  constructor(source: string, cause: unknown) {
    super(
      `${source} has too many elements, or nests them too deep (${messageOf(cause)}); expected a page that a browser would show. ` +
        "Collect its text as a Markdown file.",
      { cause },
    );
    this.source = source;
  }
}

/** Thrown when a page or a file is larger than the limit. */
export class SourceTooLargeError extends TrilithError {
  override readonly code = "source-too-large";
  override readonly usage = true;
  readonly source: string;
  readonly maxBytes: number;

  constructor(source: string, maxBytes: number) {
    super(
      `${source} is larger than ${maxBytes} bytes; expected at most that for one text. ` +
        "Collect its parts, or raise maxBytes of the collector.",
    );
    this.source = source;
    this.maxBytes = maxBytes;
  }
}

/** Thrown when a link, or where it leads on to, is an address inside this machine or its network. */
export class LinkAddressRefusedError extends TrilithError {
  override readonly code = "link-address-refused";
  override readonly usage = true;
  readonly host: string;
  readonly address: string;

  constructor(host: string, address: string) {
    super(
      `${host} is at ${address}, a private, loopback or link-local address; expected one on the public internet. ` +
        "If the host is yours, add it to the allowed hosts of the configuration.",
    );
    this.host = host;
    this.address = address;
  }
}

/** Thrown when a link leads on and on, or to something that is no web address. */
export class LinkRedirectError extends TrilithError {
  override readonly code = "link-redirect";
  override readonly usage = true;
  readonly link: string;

  constructor(link: string, problem: string) {
    super(`${link} ${problem}; expected it to lead to a web page in a few steps. Use the page's final address.`);
    this.link = link;
  }
}

/** Thrown when no collector takes the link. */
export class LinkUnsupportedError extends TrilithError {
  override readonly code = "link-unsupported";
  override readonly usage = true;
  readonly link: string;

  constructor(link: string, collectors: readonly string[]) {
    super(
      `No collector takes ${JSON.stringify(link)} (there are: ${collectors.join(", ") || "none"}); ` +
        "expected a web address that begins with https:// or http://, or the path of a file or folder. Correct the link.",
    );
    this.link = link;
  }
}

/** Thrown when a path that should hold texts is not there. */
export class FolderMissingError extends TrilithError {
  override readonly code = "folder-missing";
  override readonly usage = true;
  readonly path: string;

  constructor(path: string, cause: unknown) {
    super(
      `${JSON.stringify(path)} cannot be read (${messageOf(cause)}); expected a file or folder with texts. ` +
        "Correct the path; a relative one counts from the folder in which the command runs.",
      { cause },
    );
    this.path = path;
  }
}

/** Thrown when a file or folder is there and holds no text to take. */
export class FolderEmptyError extends TrilithError {
  override readonly code = "folder-empty";
  override readonly usage = true;
  readonly path: string;

  constructor(path: string, extensions: readonly string[]) {
    super(
      `${JSON.stringify(path)} holds no text; expected files that end in ${extensions.join(", ")} and are not empty ` +
        "(hidden files, node_modules and files with `trilith: ignore` are left out). Name another file or folder.",
    );
    this.path = path;
  }
}

/** Thrown when no text of a folder could be taken, and some should have been. */
export class FilesUnreadableError extends TrilithError {
  override readonly code = "files-unreadable";
  override readonly usage = true;
  readonly problems: readonly string[];

  constructor(path: string, problems: readonly string[]) {
    super(
      `Nothing of ${JSON.stringify(path)} was taken (${problems.join("; ")}); ` +
        "expected text files that can be read. Mend them, or name another file or folder.",
    );
    this.problems = problems;
  }
}

/** Thrown when an archive holds what no archive of texts holds: a path that leads out, a link, a name twice. */
export class ArchiveUnsafeError extends TrilithError {
  override readonly code = "archive-unsafe";
  override readonly usage = true;
  readonly archive: string;
  readonly entry: string;

  constructor(archive: string, entry: string, problem: string) {
    super(
      `${archive} is refused: ${JSON.stringify(entry.slice(0, 200))} ${problem}; expected plain files with paths inside the ` +
        "archive. Nothing was taken from there on and nothing written; download the archive again from where it is yours.",
    );
    this.archive = archive;
    this.entry = entry;
  }
}

/** Thrown when an archive holds more than the limits allow, or pretends to be small. */
export class ArchiveTooLargeError extends TrilithError {
  override readonly code = "archive-too-large";
  override readonly usage = true;
  readonly archive: string;

  constructor(archive: string, problem: string, expected: string) {
    super(
      `${archive} is refused: ${problem}; expected ${expected}. Unpack what you need of it, and collect the folder.`,
    );
    this.archive = archive;
  }
}

/** Thrown when an archive is damaged, cut off, or locked by a password. */
export class ArchiveUnreadableError extends TrilithError {
  override readonly code = "archive-unreadable";
  override readonly usage = true;
  readonly archive: string;

  constructor(archive: string, cause: unknown) {
    super(
      `${archive} cannot be read (${messageOf(cause)}); expected a whole archive without a password. Download it again.`,
      { cause },
    );
    this.archive = archive;
  }
}

/** Thrown when an archive is none of the data exports that are known. */
export class ArchiveUnknownError extends TrilithError {
  override readonly code = "archive-unknown";
  override readonly usage = true;
  readonly archive: string;

  constructor(archive: string, names: readonly string[], known: readonly string[]) {
    const holds = names.length === 0 ? "nothing" : `${names.slice(0, 5).join(", ")}${names.length > 5 ? ", …" : ""}`;
    super(
      `${archive} is no data export that is known (it holds ${holds}); expected one of ${known.join(", ")}. ` +
        "Unpack an archive of files, and collect the folder.",
    );
    this.archive = archive;
  }
}

/** Thrown when an export of the reference system is not what its files' names say. */
export class WarehouseExportError extends TrilithError {
  override readonly code = "warehouse-export";
  override readonly usage = true;
  readonly file: string;

  constructor(file: string, cause: unknown) {
    super(
      `${file} cannot be imported (${messageOf(cause)}); expected one of ArticleDocument.json, PostDocument.json, ` +
        "RepositoryDocument.json, UserDocument.json as the reference system's data_warehouse tool writes them. " +
        "Export the data again, or correct the path.",
      { cause },
    );
    this.file = file;
  }
}

/** Thrown when too many links of a crawl failed; every link's reason is in the message. */
export class CrawlFailedError extends TrilithError {
  override readonly code = "crawl-failed";
  override readonly usage = true;
  readonly failed: readonly { readonly link: string; readonly reason: string }[];

  constructor(failed: CrawlFailedError["failed"], total: number, maxFailedFraction: number) {
    const list = failed.map(({ link, reason }) => `\n- ${link}: ${reason}`).join("");
    super(
      `${failed.length} of ${total} links failed; expected fewer than all, and at most a share of ${maxFailedFraction}. ` +
        `Mend them, or raise max_failed_fraction; what did not fail is in the warehouse.${list}`,
    );
    this.failed = failed;
  }
}

/** Thrown when authors are asked for whom the warehouse does not know. Asking never makes them. */
export class UnknownAuthorError extends TrilithError {
  override readonly code = "unknown-author";
  override readonly usage = true;
  readonly fullName: string;

  constructor(fullName: string, known: readonly string[]) {
    const meant = nearest(fullName, known);
    super(
      `The warehouse has no author ${JSON.stringify(fullName)}${meant === undefined ? "" : ` (did you mean ${meant}?)`}; ` +
        `expected ${known.length > 0 ? `one of ${known.join(", ")}` : "an author whose texts were collected, and it is empty"}. ` +
        "Correct the name, or collect the author's texts with digital_data_etl first.",
    );
    this.fullName = fullName;
  }
}

/** Thrown when features are asked of authors of whom nothing was collected. */
export class NoDocumentsError extends TrilithError {
  override readonly code = "no-documents";
  override readonly usage = true;

  constructor(fullNames: readonly string[]) {
    super(
      `The warehouse has no documents by ${fullNames.join(", ")}; expected at least one. ` +
        "Collect some with digital_data_etl first.",
    );
  }
}
