import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BlogServer, postPage, startBlog } from "../../../test/collect/blog-server.ts";
import { discoverPosts } from "./discover-posts.ts";
import { isIndexPage, isPost } from "./post-links.ts";
import { createWeb } from "./web.ts";

let blog: BlogServer;
beforeEach(async () => {
  blog = await startBlog();
});
afterEach(() => blog.close());

const discover = (path = "/", more: object = {}) =>
  discoverPosts(new URL(path, blog.home).href, {
    web: createWeb({ allowedHosts: [blog.host], maxRetries: 0 }),
    maxBytes: 1_000_000,
    ...more,
  });
const paths = (links: readonly string[]): string[] => links.map((link) => link.slice(blog.home.length - 1));
const page = (body: string, head = ""): string =>
  `<!doctype html><html><head>${head}</head><body>${body}</body></html>`;
const anchors = (...hrefs: string[]): string => hrefs.map((href) => `<a href="${href}">x</a>`).join(" ");
const rss = (...links: string[]): string =>
  `<?xml version="1.0"?><rss version="2.0"><channel><title>T</title>${links.map((link) => `<item><title>t</title><link>${link}</link></item>`).join("")}</channel></rss>`;
const urlset = (...links: string[]): string =>
  `<?xml version="1.0"?><urlset>${links.map((link) => `<url><loc>${link}</loc></url>`).join("")}</urlset>`;

describe("discovering a blog’s posts", () => {
  it("takes them from the feed that the home page names, and knows by them which of the sitemap’s pages are posts", async () => {
    const { pages, home } = blog;
    pages.set("/", page(anchors("/about"), '<link rel="alternate" type="application/rss+xml" href="/my.xml">'));
    pages.set("/my.xml", rss(`${home}w/bread`, `${home}w/butter#comments`));
    pages.set("/robots.txt", `Sitemap: ${home}map-index.xml`);
    pages.set("/map-index.xml", `<sitemapindex><sitemap><loc>${home}map.xml.gz</loc></sitemap></sitemapindex>`);
    pages.set("/map.xml.gz", gzipSync(urlset(home, `${home}about`, `${home}w/bread`, `${home}w/rye`, `${home}tag/x`)));
    const { links, places, problems } = await discover();
    expect(paths(links)).toEqual(["/w/bread", "/w/butter", "/w/rye"]);
    expect(places).toEqual([
      { address: `${home}my.xml`, count: 2 },
      { address: `${home}map.xml.gz`, count: 1 },
    ]);
    expect(problems).toEqual([]);
  });

  it("follows a list through its pages and archives, and takes each post once", async () => {
    const { pages } = blog;
    pages.set(
      "/",
      page(anchors("/2024/05/on-bread", "/page/2", "/archive", "/privacy-policy", "https://else.example/2024/x")),
    );
    pages.set("/page/2", page(anchors("/2024/04/on-butter", "/2024/05/on-bread/", "/page/3", "/page/2")));
    pages.set("/page/3", page(anchors("/2023/01/on-rye?utm_source=x")));
    pages.set("/archive", page(anchors("2022/01/on-oats", "/feed")));
    expect(paths((await discover()).links)).toEqual(
      ["/2024/05/on-bread", "/2024/04/on-butter", "/2023/01/on-rye", "/2022/01/on-oats"].sort(
        (a, b) => ORDER.indexOf(a) - ORDER.indexOf(b),
      ),
    );
  });
  const ORDER = ["/2024/05/on-bread", "/2024/04/on-butter", "/2022/01/on-oats", "/2023/01/on-rye"];

  it("tries the usual places where the page names none", async () => {
    const { pages, home } = blog;
    pages.set("/", page("Hello."));
    pages.set(
      "/atom.xml",
      `<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>t</title><link href="/bread"/></entry></feed>`,
    );
    pages.set("/sitemap.xml", urlset(`${home}on-butter`));
    expect(paths((await discover()).links)).toEqual(["/bread", "/on-butter"]);
  });

  it("knows where a writer’s feed is on a host of many", async () => {
    blog.pages.set("/@ada", page(anchors("/@bob/his-own-long-post-1a2b3c4d5e6f", "/@ada/bread-1a2b3c4d5e6f")));
    blog.pages.set("/feed/@ada", rss(`${blog.home}@ada/butter-2a2b3c4d5e6f?source=rss----1`));
    expect(paths((await discover("/@ada")).links)).toEqual(["/@ada/butter-2a2b3c4d5e6f", "/@ada/bread-1a2b3c4d5e6f"]);
  });

  it("stays under the path that it was given, but for what the feed has", async () => {
    const { pages, home } = blog;
    pages.set("/blog/", page(anchors("/blog/on-bread-and-rye", "/shop/a-very-fine-oven", "/blog/page/2")));
    pages.set("/blog/page/2", page(anchors("/blog/on-oats-and-rye")));
    pages.set("/sitemap.xml", urlset(`${home}shop/a-very-fine-pan`, `${home}blog/on-salt-and-rye`));
    expect(paths((await discover("/blog/")).links).sort()).toEqual([
      "/blog/on-bread-and-rye",
      "/blog/on-oats-and-rye",
      "/blog/on-salt-and-rye",
    ]);
  });

  it("tells what it could not read, and goes on; without the home page it cannot begin", async () => {
    const { pages, home } = blog;
    pages.set("/", page(anchors("/p/bread"), '<link rel="alternate" type="application/atom+xml" href="/bad.xml">'));
    pages.set("/bad.xml", '<!DOCTYPE f [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><feed><entry>&b;</entry></feed>');
    pages.set("/robots.txt", `Sitemap: ${home}nowhere.xml`);
    const { links, problems } = await discover();
    expect(paths(links)).toEqual(["/p/bread"]);
    expect(problems).toEqual([
      expect.stringMatching(/bad\.xml: it defines entities/),
      expect.stringMatching(/nowhere\.xml: .*404/),
    ]);
    blog.pages.delete("/");
    await expect(discover()).rejects.toMatchObject({ code: "link-status" });
  });

  it("ends, however many pages a calendar has", async () => {
    blog.close();
    blog = await startBlog();
    for (let i = 1; i <= 60; i++) blog.pages.set(`/page/${i}`, page(anchors(`/p/post-${i}`, `/page/${i + 1}`)));
    blog.pages.set("/", page(anchors("/page/1")));
    const { links, problems } = await discover("/", { maxVisits: 30 });
    expect(links.length).toBeLessThan(30);
    expect(problems).toEqual([expect.stringMatching(/30 places were looked at/)]);
  });

  it("unpacks no more of a sitemap than its limit", async () => {
    blog.pages.set("/", page(anchors("/p/bread")));
    blog.pages.set("/robots.txt", `Sitemap: ${blog.home}bomb.xml.gz`);
    blog.pages.set("/bomb.xml.gz", gzipSync(Buffer.alloc(20_000_000, "<url>")));
    expect((await discover()).problems).toEqual([expect.stringMatching(/bomb\.xml\.gz/)]);
  });

  it("tells posts from lists and duties by their addresses", () => {
    const is = (path: string): boolean => isPost(new URL(path, "https://x.org"), new Set());
    const posts = [
      "/p/bread",
      "/2024/05/06/bread",
      "/2024/May/6/bread/",
      "/blog/bread.html",
      "/on-good-bread",
      "/@ada/bread-1a2b3c4d5e6f",
    ];
    const others = [
      "/",
      "/about",
      "/tag/on-good-bread",
      "/2024/05/",
      "/blog/",
      "/page/2",
      "/privacy-policy",
      "/a.pdf",
      "/blog/page/3",
      "/bread",
    ];
    expect(posts.filter((path) => !is(path))).toEqual([]);
    expect(others.filter(is)).toEqual([]);
    const lists = ["/page/2", "/archive", "/blog/", "/2024/05/", "/?page=3", "/blog/page/3"];
    expect(lists.filter((path) => !isIndexPage(new URL(path, "https://x.org")))).toEqual([]);
    expect(postPage("x")).toContain("<h1>x</h1>");
  });
});
