/**
 * Which of a site's addresses are posts. A feed's entries show how the site's posts are addressed; beside them an
 * address counts that is made as blogs make them: under a date, under a folder of posts, or of several words.
 */

/** Folders and names of pages that list or serve, and are no posts. */
const NO_POST =
  /^(?:tags?|topics?|categor(?:y|ies)|authors?|users?|pages?|archives?|search|feed|rss|atom|about|contact|privacy|terms|imprint|impressum|login|sign-?in|sign-?up|subscribe|account|cart|shop|cdn-cgi|wp-(?:admin|content|json|login)|api|static|assets|images?|img|css|js|comments?|likes|print|embed|amp|newsletter|sitemap|index|recommendations|podcast|notes-feed)$/i;
const POSTS =
  /^(?:p|posts?|blog|articles?|writings?|writing|notes?|til|essays?|stor(?:y|ies)|entries|entry|journal|weblog|thoughts|letters?)$/i;
const INDEX =
  /^(?:archives?|blog|posts?|articles?|writings?|notes?|til|essays?|stories|journal|weblog|entries|pages?|all|index|tags?|categor(?:y|ies))$/i;
const FILE = /\.(?!html?$|php$|aspx?$|md$)[a-z0-9]{2,5}$/i;

/** Names of the pages that a site must have. */
const DUTIES =
  /^(?:privacy|cookies?|terms|about|contact|legal|code-of|thank-you|log-?in|sign-?up)-|-(?:policy|notice|conditions|disclaimer)$/i;

const segmentsOf = (url: URL): string[] => url.pathname.split("/").filter(Boolean);

/** How an address is made: its folders with numbers as `#`, its last part as `*`. */
export function shapeOf(url: URL): string {
  const segments = segmentsOf(url);
  return segments
    .map((segment, i) => (i === segments.length - 1 ? "*" : /^\d+$/.test(segment) ? "#" : segment))
    .join("/");
}

/** Without `www.`, with the port. */
export const bareHost = ({ host }: URL): string => host.replace(/^www\./, "");

/** Whether the address is on the site, and under the home page's own path. */
export function isUnder(url: URL, home: URL): boolean {
  const folder = home.pathname.replace(/[^/]*\.\w+$/, "").replace(/\/$/, "");
  return bareHost(url) === bareHost(home) && url.pathname.startsWith(`${folder}/`) && /^https?:$/.test(url.protocol);
}

/**
 * Whether the address is a post's.
 *
 * @param shapes  of addresses that are known to be posts'
 */
export function isPost(url: URL, shapes: ReadonlySet<string>): boolean {
  const segments = segmentsOf(url);
  const last = segments.at(-1);
  if (last === undefined || FILE.test(last) || segments.some((segment) => NO_POST.test(segment))) return false;
  const name = last.replace(/\.[a-z]+$/i, "");
  if (NO_POST.test(name) || DUTIES.test(name) || (segments.length === 1 && INDEX.test(name))) return false;
  const shape = shapeOf(url);
  if (shapes.has(shape) && shape !== "*") return true;
  if (/^\/(?:.*\/)?(?:19|20)\d{2}\/(?:\d{1,2}\/|[A-Za-z]{3,9}\/){0,2}[^/]+/.test(url.pathname))
    return !/^\d+$/.test(name);
  const folders = segments.slice(0, -1);
  if (folders.some((folder) => POSTS.test(folder))) return !/^\d{1,3}$/.test(name);
  if (/-[0-9a-f]{10,12}$/.test(name)) return true;
  return (name.match(/-/g) ?? []).length >= (shapes.has(shape) ? 1 : 2);
}

/** Whether the page lists posts: an archive, a later page of a list. */
export function isIndexPage(url: URL): boolean {
  const segments = segmentsOf(url);
  if (/^(?:page|p|paged)$/i.test(segments.at(-2) ?? "") && /^\d+$/.test(segments.at(-1) ?? "")) return true;
  if ([...url.searchParams.keys()].some((key) => /^(?:page|paged|p|start|offset)$/i.test(key))) return true;
  const name = (segments.at(-1) ?? "").replace(/\.[a-z]+$/i, "");
  if (segments.length <= 2 && INDEX.test(name)) return true;
  return (
    segments.length > 0 &&
    segments.every((segment) => /^(?:19|20)\d{2}$|^\d{1,2}$/.test(segment) || INDEX.test(segment))
  );
}
