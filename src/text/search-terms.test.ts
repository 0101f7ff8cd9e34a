import { describe, expect, it } from "vitest";
import { searchTerms } from "./search-terms.ts";

describe("search terms", () => {
  it("leave out the words that only make a question", () => {
    expect(searchTerms("What does the DiffExecutor do when it is created?")).toEqual([
      ...searchTerms("DiffExecutor"),
      ...searchTerms("created"),
    ]);
    expect(searchTerms("How do they do that?")).toEqual([]);
  });

  it("are equal for plain letters and for the styled ones that posts are written with", () => {
    expect(searchTerms("𝗦𝘁𝗲𝗽 𝟯: the 𝘈𝘞𝘚 conﬁg")).toEqual(searchTerms("Step 3: the AWS config"));
  });

  it("are equal for a question's and a text's forms of a word", () => {
    expect(searchTerms("chunks")).toEqual(searchTerms("Chunk"));
  });

  it.each([
    ["--dry-run", ["dryrun", "dry", "run"]],
    ["os.path.join()", ["os.path.join", "os", "path", "join"]],
    ["Node v24.21.0,", ["node", "v24.21.0", "v24", "v", "24", "21", "0"]],
    ["src/text/index.ts", ["src/text/index.ts", "src", "text", "index", "ts"]],
    ["std::vector<int>", ["std::vector", "std", "vector", "int"]],
    ["C++17, C# and F#", ["c++", "c", "17", "c#", "c", "f#", "f"]],
    [".NET and ASP.NET", [".net", "net", "asp.net", "asp", "net"]],
    ["user_id", ["userid", "user", "id"]],
    ["ends here. Next", ["end", "next"]],
    ["state-of-the-art", ["state", "art"]],
  ])("of %s are the whole name and its parts", (text, terms) => {
    expect(searchTerms(text)).toEqual(terms);
  });

  it("are equal in their whole for every style of writing one name", () => {
    const wholes = ["getUserName", "get_user_name", "--get-user-name", "GET_USER_NAME", "GetUserName"].map(
      (name) => searchTerms(name)[0],
    );
    expect(new Set(wholes)).toEqual(new Set(["getusername"]));
  });

  it("leave the whole of a long address out, and keep its parts", () => {
    const address = `example.com/${"long-path/".repeat(8)}end`;
    expect(searchTerms(address)).toEqual(expect.arrayContaining(["exampl", "com", "long", "path", "end"]));
    expect(searchTerms(address).every((term) => term.length < 20)).toBe(true);
  });
});
