import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { zipOf } from "../../../test/archives-of.ts";
import { type DocumentDraft, isSkipped } from "../../contracts/documents.ts";
import { exportCollector } from "./export-collector.ts";

type Files = Readonly<Record<string, string>>;

function archiveOf(files: Files): string {
  const path = join(mkdtempSync(join(tmpdir(), "trilith-")), "export.zip");
  writeFileSync(path, zipOf(files));
  return path;
}

async function collect(files: Files): Promise<{ drafts: DocumentDraft[]; skipped: [string, string][]; path: string }> {
  const path = archiveOf(files);
  const found = await Array.fromAsync(exportCollector().collect(path));
  return {
    path,
    drafts: found.filter((each): each is DocumentDraft => !isSkipped(each)),
    skipped: found.filter(isSkipped).map(({ source, reason }) => [source.slice(path.length + 1), reason]),
  };
}

describe("LinkedIn’s export", () => {
  it("gives posts, comments and published articles, with every line and quote of them", async () => {
    const { drafts, skipped, path } = await collect({
      "Complete_Export/Shares.csv":
        "Date,ShareLink,ShareCommentary,SharedUrl,MediaUrl,Visibility\n" +
        '2024-03-01 10:11:12,https://www.linkedin.com/feed/update/urn%3Ali%3Ashare%3A1,"It’s ""quoted"", yes:""\n""\n""second.",,,MEMBER_NETWORK\n' +
        "2024-02-01 10:11:12,https://www.linkedin.com/feed/update/urn%3Ali%3Ashare%3A2,,,,MEMBER_NETWORK\n",
      "Complete_Export/Comments.csv":
        'Date,Link,Message\r\n2024-01-01 00:00:00,https://www.linkedin.com/feed/update/a,"Well \\"said\\", Ada"\r\n' +
        "2024-01-02 00:00:00,https://www.linkedin.com/feed/update/a,Thanks\r\n",
      "Complete_Export/Articles/Articles/one.html":
        '<html><head><title>One</title><style>p{}</style></head><body><h1><a href="https://www.linkedin.com/pulse/one">One</a></h1><p class="created">Created on 2020-01-01 08:00</p><p class="published">Published on 2020-01-02 09:30</p><div><p>It is <b>so</b>.</p></div></body></html>',
      "Complete_Export/Articles/Articles/two.html":
        '<html><body><h1><a href="">Two</a></h1><p class="created">Created on 2020-01-01 08:00</p><div><p>Not yet.</p></div></body></html>',
      "Complete_Export/messages.csv": "FROM,TO,CONTENT\nA,B,secret\n",
    });
    expect(drafts).toMatchObject([
      {
        kind: "post",
        platform: "linkedin",
        source: "https://www.linkedin.com/feed/update/urn%3Ali%3Ashare%3A1",
        title: 'It’s "quoted", yes:',
        content: 'It’s "quoted", yes:\n\nsecond.',
        publishedAt: "2024-03-01T10:11:12.000Z",
      },
      { content: 'Well "said", Ada', tags: ["comment"] },
      { content: "Thanks", tags: ["comment"], publishedAt: "2024-01-02T00:00:00.000Z" },
      {
        kind: "article",
        source: "https://www.linkedin.com/pulse/one",
        title: "One",
        content: "It is **so**.",
        publishedAt: "2020-01-02T09:30:00.000Z",
      },
    ]);
    expect(new Set(drafts.map(({ source }) => source)).size).toBe(4);
    expect(skipped).toEqual([
      ["Complete_Export/Shares.csv", "1 entries have no words of their own"],
      ["Complete_Export/Articles/Articles/two.html", "a draft, which was never published"],
      ["Complete_Export/messages.csv", "private messages are not taken"],
    ]);
    expect(path).toMatch(/export\.zip$/);
  });
});

const ADA = "17";
const tweet = (id: string, text: string, more: object = {}): object => ({
  tweet: {
    id_str: id,
    full_text: text,
    created_at: `Wed Oct 10 20:19:${id.padStart(2, "0")} +0000 2018`,
    lang: "en",
    ...more,
  },
});
const answers = (id: string, user = ADA): object => ({ in_reply_to_status_id_str: id, in_reply_to_user_id_str: user });

describe("X’s export", () => {
  it("joins threads, takes long posts whole, unfolds links, and leaves reposts out", async () => {
    const long = `A long one & more. ${"Words go on. ".repeat(30)}End.`;
    const tweets = [
      tweet("12", "and third.", answers("11")),
      tweet("1", "See https://t.co/abc https://t.co/pic", {
        entities: {
          urls: [{ url: "https://t.co/abc", expanded_url: "https://a.org/x?y=1" }],
          media: [{ url: "https://t.co/pic", expanded_url: "https://x.com/p" }],
          hashtags: [{ text: "Rust" }],
        },
      }),
      tweet("2", "RT @bob: his words"),
      tweet("10", "A thread: 1 &lt; 2."),
      tweet("11", "Second,", answers("10")),
      tweet("3", "@bob I agree", answers("99", "5")),
      tweet("4", `${long.slice(0, 270).replace("&", "&amp;")}… https://t.co/long`),
    ];
    const note = { noteTweet: { createdAt: "2018-10-10T20:19:04.000Z", core: { text: long, urls: [] } } };
    const { drafts, skipped } = await collect({
      "data/account.js": `window.YTD.account.part0 = ${JSON.stringify([{ account: { username: "ada", accountId: ADA } }])}`,
      "data/tweets.js": `window.YTD.tweets.part0 = ${JSON.stringify(tweets.slice(0, 3), undefined, 2)}`,
      "data/tweets-part1.js": `window.YTD.tweets.part1 = ${JSON.stringify(tweets.slice(3))}`,
      "data/note-tweet.js": `window.YTD.note_tweet.part0 = ${JSON.stringify([note])}`,
      "data/direct-messages.js": "window.YTD.direct_messages.part0 = []",
    });
    expect(drafts.map(({ source, content, tags }) => [source.slice(-2), content, tags])).toEqual([
      ["/1", "See https://a.org/x?y=1", ["rust"]],
      ["/3", "@bob I agree", ["reply"]],
      ["/4", long, []],
      ["10", "A thread: 1 < 2.\n\nSecond,\n\nand third.", ["thread"]],
    ]);
    expect(drafts[3]).toMatchObject({
      kind: "post",
      platform: "x",
      source: "https://x.com/ada/status/10",
      publishedAt: "2018-10-10T20:19:10.000Z",
      language: "en",
    });
    expect(skipped).toEqual([["data", "1 reposts are others’ words"]]);
  });

  it("takes what can be read of a damaged list, and says so", async () => {
    const list = JSON.stringify([tweet("1", "One."), { tweet: { id_str: "2" } }, tweet("3", "Three.")]);
    const { drafts, skipped } = await collect({ "data/tweets.js": `x = ${list.slice(0, -20)}` });
    expect(drafts.map(({ content }) => content)).toEqual(["One."]);
    expect(skipped).toEqual([
      ["data/tweets.js", "the rest cannot be read (the array has no end)"],
      ["data/tweets.js", "1 entries are not as X exports them"],
    ]);
  });
});

describe("Medium’s export", () => {
  const story = (title: string, body: string, canonical?: string): string =>
    `<!DOCTYPE html><html><head><title>${title}</title></head><body><article class="h-entry"><header><h1 class="p-name">${title}</h1></header><section data-field="subtitle" class="p-summary">Sub</section><section data-field="body" class="e-content"><section class="section"><div class="section-inner">${body}</div></section></section><footer><p>By <a href="https://medium.com/@ada" class="p-author h-card">Ada</a> on <a href="https://medium.com/p/abc123"><time class="dt-published" datetime="2021-05-06T07:08:09.000Z">May 6, 2021</time></a>.</p>${canonical ? `<p><a href="${canonical}" class="p-canonical">Canonical link</a></p>` : ""}</footer></article></body></html>`;

  it("tells stories from responses, and leaves drafts out", async () => {
    const { drafts, skipped } = await collect({
      "posts/2021-05-06_My-Story-abc123.html": story(
        "My Story",
        '<h3 class="graf graf--h3 graf--title">My Story</h3><p class="graf">Words, it’s said.</p><pre class="graf graf--pre">x = 1</pre>',
        "https://medium.com/@ada/my-story-abc123",
      ),
      "posts/2021-05-07_Nice-post--I-agree-with-def.html": story(
        "Nice post, I agree with…",
        '<p class="graf">Nice post, I agree with all of it.</p>',
      ),
      "posts/draft_Half-a-thought-xyz.html": story("Half a thought", "<p>Half</p>"),
      "profile/profile.html": "<html></html>",
    });
    expect(drafts).toMatchObject([
      {
        kind: "article",
        platform: "medium",
        title: "My Story",
        source: "https://medium.com/@ada/my-story-abc123",
        content: "Words, it’s said.\n\n```\nx = 1\n```",
        publishedAt: "2021-05-06T07:08:09.000Z",
      },
      {
        kind: "post",
        source: "https://medium.com/p/abc123",
        content: "Nice post, I agree with all of it.",
        tags: ["comment"],
      },
    ]);
    expect(skipped).toEqual([["posts/draft_Half-a-thought-xyz.html", "a draft, which was never published"]]);
  });
});

describe("Substack’s export", () => {
  it("takes published posts with title, subtitle and day, and no word about subscribers", async () => {
    const { drafts, skipped, path } = await collect({
      "posts.csv":
        "post_id,post_date,is_published,email_sent_at,inbox_sent_at,type,audience,title,subtitle,podcast_url\n" +
        '12.first,2023-01-02T03:04:05.000Z,true,,,newsletter,everyone,"Hello, ""World""",A start,\n' +
        "13.second,,false,,,newsletter,everyone,Draft,,\n" +
        "14.gone,2023-02-02T03:04:05.000Z,true,,,newsletter,everyone,Gone,,\n",
      "posts/12.first.html":
        '<div class="subscription-widget-wrap">Subscribe</div><h2>Part</h2><p>It’s <em>here</em>.</p>',
      "posts/12.first.opens.csv": "email\nreader@example.org\n",
      "posts/13.second.html": "<p>No.</p>",
      "email_list.ada.csv": "email\nreader@example.org\n",
    });
    expect(drafts).toEqual([
      {
        kind: "article",
        platform: "substack",
        source: `${path}/posts/12.first.html`,
        title: 'Hello, "World"',
        format: "markdown",
        content: "*A start*\n\n## Part\n\nIt’s *here*.",
        publishedAt: "2023-01-02T03:04:05.000Z",
        tags: [],
      },
    ]);
    expect(skipped).toEqual([
      ["posts/13.second.html", "a draft, which was never published"],
      ["posts/14.gone.html", "its page is not in the archive"],
    ]);
  });
});

describe("another archive", () => {
  it("is refused with what it holds and what is known", async () => {
    await expect(collect({ "a.md": "# A", "b/c.md": "C" })).rejects.toMatchObject({
      code: "archive-unknown",
      message: expect.stringMatching(/it holds a\.md, b\/c\.md.*LinkedIn.*Unpack/s),
    });
  });

  it("is only what is a file of that name", () => {
    const { accepts } = exportCollector();
    expect([archiveOf({ a: "a" }), "https://a.org/x.zip", "/nowhere/x.zip", tmpdir()].map(accepts)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});
