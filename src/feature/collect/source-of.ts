/** The name under which a page is kept: its link without what does not change what it is. */

/** What services add to links to see where readers come from. */
const TRACKING = /^(?:utm_\w+|fbclid|gclid|mc_[ce]id|ref_src)$/;

/** The link without its fragment, and without what only follows the reader. */
export function sourceOf(link: string): string {
  const url = new URL(link);
  url.hash = "";
  for (const [name, value] of [...url.searchParams]) {
    if (TRACKING.test(name) || (name === "source" && value.startsWith("rss"))) url.searchParams.delete(name);
  }
  return url.href;
}
