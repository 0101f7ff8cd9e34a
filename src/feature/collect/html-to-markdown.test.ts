import { describe, expect, it } from "vitest";
import { parseHtml } from "./html-node.ts";
import { htmlToMarkdown } from "./html-to-markdown.ts";

const markdown = (html: string): string =>
  htmlToMarkdown(parseHtml(html).body, new URL("https://ada.example.org/p/one"));

describe("HTML as Markdown", () => {
  it("keeps headings, emphasis and the texts of links, with absolute addresses", () => {
    const html = `<h2>A <em>new</em> start</h2><p>See <a href="../b?x=1&amp;y=(2)">the <b>second</b> page</a> or <a href="#n">below</a>.</p>`;
    expect(markdown(html)).toBe(
      "## A *new* start\n\nSee [the **second** page](https://ada.example.org/b?x=1&y=%282%29) or below.",
    );
  });

  it("keeps code as it is, with its language, in a fence that the code does not close", () => {
    expect(markdown(`<pre><code class="language-js">if (a &lt; b) {\n  run("\`\`\`");\n}\n</code></pre>`)).toBe(
      '````js\nif (a < b) {\n  run("```");\n}\n````',
    );
    expect(markdown(`<div class="highlight-source-py"><pre>x = 1<br>y = 2</pre></div>`)).toBe(
      "```py\nx = 1\ny = 2\n```",
    );
    expect(markdown("<p>Call <code>a`b</code> and <code>f()</code>.</p>")).toBe("Call `` a`b `` and `f()`.");
  });

  it("keeps lists, nested and numbered, and what items hold", () => {
    const html = `<ol start="3"><li>Three<ul><li>inner</li><li><p>two</p><p>parts</p></li></ul></li><li>Four<pre>x</pre></li></ol>`;
    expect(markdown(html)).toBe("3. Three\n   - inner\n   - two\n\n     parts\n4. Four\n\n   ```\n   x\n   ```");
  });

  it("keeps quotes, rules and tables of data; a table for layout gives its contents", () => {
    expect(markdown("<blockquote><p>One</p><p>Two</p></blockquote><hr>")).toBe("> One\n>\n> Two\n\n---");
    const table = "<table><tr><th>a</th><th>b|c</th></tr><tr><td>1</td><td>2<br>3</td></tr></table>";
    expect(markdown(table)).toBe("| a | b\\|c |\n| --- | --- |\n| 1 | 2 3 |");
    expect(markdown("<table><tr><td><p>Text</p></td></tr></table>")).toBe("Text");
  });

  it("keeps line breaks, collapses other white space, and leaves out what is no text", () => {
    const html = "<p>One<br>two   three\n four</p><script>x</script><button>Share</button><img alt='i'><p>  </p>";
    expect(markdown(html)).toBe("One  \ntwo three four");
  });

  it("does not let prose become structure, and changes nothing else in it", () => {
    expect(markdown("<p># not a heading, snake_case * 2</p><p>1. not an item</p><p>- nor this</p>")).toBe(
      "\\# not a heading, snake_case * 2\n\n1\\. not an item\n\n\\- nor this",
    );
  });

  it("sees through a link around a whole block", () => {
    expect(markdown(`<a href="/x"><div><h3>Card</h3><p>Text</p></div></a>`)).toBe("### Card\n\nText");
  });
});
