import { describe, expect, it } from "vitest";
import { isTrilithError } from "../../core/errors.ts";
import { createRandom } from "../../core/random.ts";
import { type Article, extractArticle } from "./extract-article.ts";

const URL_OF_PAGE = "https://ada.example.org/posts/bread";
const PROSE =
  "I didn’t write this to be read aloud, and yet here we are, reading it to each other in the kitchen while it rains.";
const paragraphs = (count: number): string =>
  Array.from({ length: count }, (_, i) => `<p>${PROSE} That was number ${i}, and it’s no worse for it.</p>`).join("");
const page = (article: string, head = ""): string =>
  `<!doctype html><html><head><title>On Bread | Ada</title>${head}</head><body><main><article>${article}</article></main></body></html>`;
const extract = (article: string, head = ""): Article => extractArticle(page(article, head), URL_OF_PAGE);
const blocks = (article: string, head = ""): string[] =>
  extract(article, head)
    .markdown.split("\n\n")
    .map((block) => block.replace(/^I didn’t.*That was number (\d).*$/, "prose $1"));

describe("an article's content", () => {
  it("does not repeat the title, the date and the author above the text", () => {
    const head = '<meta property="og:title" content="On Bread"><meta name="author" content="Ada Lovelace">';
    const top = "<h1>On Bread</h1><p>Ada Lovelace</p><p>Published on May 6, 2024</p>";
    expect(blocks(`${top}${paragraphs(3)}`, head)).toEqual(["prose 0", "prose 1", "prose 2"]);
  });

  it("has no captions or credits, but the code, quotes and tables that stand in figures", () => {
    const figure = "<figure><img src=a.png><figcaption>The loaf in question, from above</figcaption></figure>";
    const credit = "<div><img src=b.png><p>A second loaf (Image: Getty)</p></div>";
    const code = "<figure><pre><code>knead()</code></pre></figure>";
    const quote = "<figure><blockquote><p>Bread is a slow thing to make well.</p></blockquote></figure>";
    const found = blocks(`${paragraphs(2)}${figure}${credit}${code}${quote}${paragraphs(2)}`);
    expect(found).toEqual([
      "prose 0",
      "prose 1",
      "```\nknead()\n```",
      "> Bread is a slow thing to make well.",
      "prose 0",
      "prose 1",
    ]);
  });

  it("has no links to the site’s other pages, but those to elsewhere, and all that stand in sentences", () => {
    const inside = '<p><b>Related:</b> <a href="/posts/butter">How I churned my own butter</a></p>';
    const list =
      '<h3>You may like</h3><ul><li><a href="/a">Rye in winter</a></li><li><a href="/b">Oats again</a></li></ul>';
    const outside = '<ul><li><a href="https://rust.example/">The mill that I buy from</a></li></ul>';
    const sentence = '<p>I told you in <a href="/posts/butter">the one about butter</a> that I’d try this.</p>';
    const found = blocks(`${paragraphs(2)}${inside}${sentence}${outside}${list}${paragraphs(2)}`);
    expect(found).toEqual([
      "prose 0",
      "prose 1",
      `I told you in [the one about butter](https://ada.example.org/posts/butter) that I’d try this.`,
      "- [The mill that I buy from](https://rust.example/)",
      "prose 0",
      "prose 1",
    ]);
  });

  it("has no calls to subscribe, but sentences that speak of subscribing", () => {
    const call = '<p><em>Like this post? <a href="/subscribe">Subscribe to my newsletter</a> for more.</em></p>';
    const sentence = "<p>I won’t ask you to subscribe to the idea that bread needs a machine.</p>";
    expect(blocks(`${paragraphs(2)}${sentence}${paragraphs(1)}${call}`)).toEqual([
      "prose 0",
      "prose 1",
      "I won’t ask you to subscribe to the idea that bread needs a machine.",
      "prose 0",
    ]);
  });

  it("ends where the text does: no notes on rights, tags and authors, and no headings without anything under them", () => {
    const end =
      "<h3>About the author</h3><p>Ada Lovelace bakes and computes.</p><p>© 2024 Ada. All rights reserved.</p>";
    const head = '<meta name="author" content="Ada Lovelace">';
    expect(blocks(`${paragraphs(3)}${end}`, head)).toEqual(["prose 0", "prose 1", "prose 2"]);
  });

  it("stays whole where the rules would take most of it, as of a list of one’s own posts", () => {
    const list = Array.from(
      { length: 12 },
      (_, i) => `<li><a href="/posts/${i}">A post that I wrote about loaf ${i}</a></li>`,
    );
    expect(
      extract(`<p>All that I have written about bread, newest first.</p><ul>${list.join("")}</ul>`).markdown,
    ).toContain("loaf 11");
  });

  it("has none of the widgets that platforms put into texts", () => {
    const widgets =
      '<div class="subscription-widget-wrap"><p>Thanks for reading! Subscribe for free to receive new posts.</p></div>' +
      '<div class="embedded-post-wrap"><a href="https://bob.example/p/x">A very long title of somebody else’s post</a></div>';
    expect(blocks(`${paragraphs(2)}${widgets}${paragraphs(1)}`)).toEqual(["prose 0", "prose 1", "prose 0"]);
  });
});

describe("a page that is not like pages", () => {
  it("shows also what stands after its end, before its beginning, and in a second body", () => {
    const [head, tail] = [
      "<html><head><title>T</title></head><body><p>Short.</p></body></html>",
      `<div>${paragraphs(3)}</div>`,
    ];
    for (const html of [`${head}${tail}`, `${tail}${head}`, head.replace("</html>", `<body>${tail}</body></html>`)]) {
      expect(extractArticle(html, URL_OF_PAGE).markdown).toContain("number 2");
    }
  });

  it("is refused when it is nested or goes on without end, at once", () => {
    const nested = [1500, 100_000].map((depth) => `${"<div>".repeat(depth)}<p>${PROSE}</p>`);
    for (const html of [...nested, `<p>${PROSE}</p>`.repeat(200_000)]) {
      expect(() => extractArticle(html, URL_OF_PAGE)).toThrow(expect.objectContaining({ code: "page-too-deep" }));
    }
    expect(extractArticle(`${"<div>".repeat(150)}${paragraphs(3)}`, URL_OF_PAGE).markdown).toContain("number 2");
  });

  it("gives its text or says that it has none, whatever it is made of", () => {
    const random = createRandom(7);
    const parts = [
      ..."<p> </p> <div> </div> <article> <ul><li> </li></ul> <figure> <figcaption> </figure> <pre><code> </code></pre> <table><tr><td>".split(
        " ",
      ),
      ...'<a href="/x"> </a> <h2> </h2> <script> </script> <!-- --> <![CDATA[ ]]> <svg> <math> <template> <style> <title> </html> <body>'.split(
        " ",
      ),
      ...[
        '<a href="javascript:1">',
        "<meta charset=x>",
        '<script type="application/ld+json">{"@type":"Article","articleBody":',
        "\0",
        "\uFFFD",
        "&#x110000;",
        "&lt;",
        "<",
        ">",
        '"',
        "\n\n",
        "```",
        "| a |",
      ],
      ...[PROSE, "© 2024", "Read more", "Image: x", "word ".repeat(200), "x".repeat(5000), "https://x.org/".repeat(50)],
    ];
    const codes = new Map<string, number>();
    for (let i = 0; i < 400; i++) {
      const html = Array.from({ length: 2 + random.integer(80) }, () => parts[random.integer(parts.length)]).join(" ");
      const code = outcomeOf(html);
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect([...codes.keys()].sort()).toEqual(["link-empty", "taken"]);
    expect(codes.get("taken")).toBeGreaterThan(50);
  });
});

function outcomeOf(html: string): string {
  try {
    extractArticle(html, URL_OF_PAGE);
    return "taken";
  } catch (error) {
    return isTrilithError(error) ? error.code : String(error);
  }
}

describe("what a page says of its article", () => {
  it("is read from meta tags, JSON-LD and links", () => {
    const data = {
      "@type": "BlogPosting",
      headline: "On Bread",
      author: [{ "@type": "Person", name: "Ada Lovelace" }],
      datePublished: "2024-05-06",
      dateModified: "2024-05-07T10:00:00+02:00",
      keywords: "Bread, Flour",
    };
    const head =
      `<script type="application/ld+json">${JSON.stringify(data)}</script><meta property="og:locale" content="de_AT">` +
      '<link rel="canonical" href="/bread#top"><meta property="article:tag" content="Rye">' +
      '<link rel="license" href="https://creativecommons.org/licenses/by/4.0/">';
    const found = extract(`${paragraphs(3)}<a rel="tag" href="/t/crumb">#Crumb</a>`, head);
    expect(found).toMatchObject({
      title: "On Bread",
      authors: ["Ada Lovelace"],
      publishedAt: "2024-05-06T00:00:00.000Z",
      modifiedAt: "2024-05-07T08:00:00.000Z",
      language: "de",
      canonicalUrl: "https://ada.example.org/bread",
      licence: "https://creativecommons.org/licenses/by/4.0/",
      tags: ["bread", "flour", "rye", "crumb"],
    });
  });

  it("is nothing where the page says nothing, and nothing that is wrong", () => {
    const head =
      '<link rel="canonical" href="javascript:void(0)"><meta property="article:modified_time" content="2020-01-01">' +
      '<meta name="date" content="2024-01-01"><meta http-equiv="content-language" content="x">';
    expect(extract(paragraphs(3), head)).toMatchObject({
      title: "On Bread | Ada",
      authors: [],
      publishedAt: "2024-01-01T00:00:00.000Z",
      modifiedAt: null,
      language: null,
      canonicalUrl: null,
      licence: null,
      tags: [],
    });
  });

  it("takes a licence from the site’s footer, and not the one of a picture in the text", () => {
    const deed = '<a href="https://creativecommons.org/licenses/by-sa/4.0/">CC BY-SA</a>';
    const inText = page(`${paragraphs(2)}<p>The picture is under ${deed}, as its maker says.</p>`);
    expect(extractArticle(inText, URL_OF_PAGE).licence).toBeNull();
    const inFooter = page(paragraphs(3)).replace("</body>", `<footer>${deed}</footer></body>`);
    expect(extractArticle(inFooter, URL_OF_PAGE).licence).toBe("https://creativecommons.org/licenses/by-sa/4.0/");
  });

  it("tells the platform by its marks also on a domain of the author’s own", () => {
    const substack = '<link rel="preconnect" href="https://substackcdn.com">';
    const medium = '<meta property="al:android:package" content="com.medium.reader">';
    expect(extract(paragraphs(3), substack).platform).toBe("substack");
    expect(extract(paragraphs(3), medium).platform).toBe("medium");
    expect(extract(paragraphs(3)).platform).toBeUndefined();
    expect(extractArticle(page(paragraphs(3)), "https://ada.github.io/bread").platform).toBe("github-pages");
  });
});
