/** What a file is by its name: a text, code in a language, data, or nothing to read. Contents are not looked at here. */

/** How a file is read. Without a `reason` it holds no text that anybody would miss. */
export type FileKind =
  | DecodedKind
  | { readonly reads: "pdf" | "docx" }
  | { readonly reads: "unknown" }
  | { readonly reads: "nothing"; readonly reason?: string };

/** What is a text once its bytes are decoded. */
export type DecodedKind =
  | { readonly reads: "markdown" | "html" | "text" | "notebook" }
  | { readonly reads: "code"; readonly language: string };

const TEXTS: Readonly<Record<string, "markdown" | "html" | "text" | "pdf" | "docx" | "notebook">> = {
  md: "markdown",
  markdown: "markdown",
  mdx: "markdown",
  qmd: "markdown",
  dj: "markdown",
  html: "html",
  htm: "html",
  xhtml: "html",
  txt: "text",
  text: "text",
  rst: "text",
  adoc: "text",
  org: "text",
  tex: "text",
  pdf: "pdf",
  docx: "docx",
  ipynb: "notebook",
};

/** Languages by the ends of their files' names. */
const LANGUAGES = byWord({
  ada: "adb ads",
  assembly: "asm s",
  awk: "awk",
  c: "c h",
  clojure: "clj cljc cljs",
  cmake: "cmake",
  cpp: "cc cpp cxx hh hpp hxx",
  csharp: "cs",
  css: "css",
  cuda: "cu cuh",
  d: "d",
  dart: "dart",
  elixir: "ex exs",
  elm: "elm",
  erlang: "erl hrl",
  fish: "fish",
  fortran: "f f90 f95",
  fsharp: "fs fsi fsx",
  glsl: "frag glsl vert",
  go: "go",
  graphql: "gql graphql",
  groovy: "gradle groovy",
  haskell: "hs lhs",
  hcl: "hcl tf",
  ini: "cfg ini",
  java: "java",
  javascript: "cjs js jsx mjs",
  json: "json json5 jsonc",
  julia: "jl",
  kotlin: "kt kts",
  less: "less",
  lisp: "cl el lisp",
  lua: "lua",
  make: "mk",
  nim: "nim",
  nix: "nix",
  objectivec: "m mm",
  ocaml: "ml mli",
  pascal: "pas",
  perl: "pl pm",
  php: "php",
  powershell: "ps1 psm1",
  prolog: "pro",
  proto: "proto",
  python: "py pyi pyx",
  r: "r rmd",
  racket: "rkt",
  ruby: "rake rb",
  rust: "rs",
  sass: "sass scss",
  scala: "sc scala",
  scheme: "scm",
  shell: "bash sh zsh",
  solidity: "sol",
  sql: "sql",
  svelte: "svelte",
  swift: "swift",
  toml: "toml",
  typescript: "cts mts ts tsx",
  verilog: "sv v",
  vhdl: "vhd vhdl",
  vim: "vim",
  vue: "vue",
  wgsl: "wgsl",
  xml: "xml xsd xsl",
  yaml: "yaml yml",
  zig: "zig",
});

/** Languages by whole names of files, lower case. */
const NAMED = byWord({
  cmake: "cmakelists.txt",
  docker: "containerfile dockerfile",
  just: "justfile",
  make: "gnumakefile makefile",
  ruby: "gemfile rakefile",
  starlark: "build build.bazel workspace",
});

const BINARY = new Set(
  (
    "7z a aac ai apk avi avif bin blend bmp bz2 class db dll dmg doc dylib eot exe fig flac gif gz heic icns ico iso jar " +
    "jpeg jpg ko lib lockb m4a m4v mkv mov mp3 mp4 mpeg npy npz o obj odp ods odt ogg onnx otf parquet pickle pkl png ppt " +
    "pptx psd pt pth pyc pyd rar rlib safetensors so sqlite sqlite3 svg tar tgz tif tiff ttf wasm wav webm webp woff woff2 " +
    "xls xlsx xz zip zst"
  ).split(" "),
);
/** Office files and archives: no text to read here, and yet somebody's writing may be in them. */
const CLOSED: Readonly<Record<string, string>> = {
  doc: "an old Word file: save it as .docx",
  odt: "an OpenDocument text: save it as .docx or .pdf",
  ppt: "slides: save them as .pdf",
  pptx: "slides: save them as .pdf",
  odp: "slides: save them as .pdf",
  zip: "an archive inside of what is collected: collect it by its own path, or unpack it",
  tar: "an archive: unpack it",
  tgz: "an archive: unpack it",
  gz: "an archive: unpack it",
};
const DATA = new Set("csv geojson jsonl log ndjson snap tsv".split(" "));
const LOCKS = new Set(
  (
    "bun.lock cargo.lock composer.lock deno.lock flake.lock gemfile.lock go.sum package-lock.json packages.lock.json pdm.lock " +
    "pipfile.lock pnpm-lock.yaml poetry.lock npm-shrinkwrap.json uv.lock yarn.lock mix.lock pubspec.lock podfile.lock"
  ).split(" "),
);
const GENERATED =
  /(?:[.-]min\.(?:js|css|mjs)|\.(?:js|css|mjs|ts)\.map|\.pb\.(?:go|cc|h)|_pb2(?:_grpc)?\.pyi?|\.bundle\.js)$/i;
const LICENCE =
  /^(?:licen[cs]e|copying|unlicen[cs]e)(?:[-_](?:mit|apache|bsd|mpl|gpl|cc)[\w.-]*)?(?:\.(?:md|txt|rst))?$/i;

/** Folders that hold others' code, or what a tool has made. */
const FOREIGN_FOLDERS = new Set("__pycache__ bower_components node_modules site-packages venv virtualenv".split(" "));

/** What a file is by its path. */
export function fileKindOf(path: string): FileKind {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  const end = name.lastIndexOf(".") > 0 ? name.slice(name.lastIndexOf(".") + 1) : "";
  if (LOCKS.has(name)) return { reads: "nothing", reason: "a lock file, which a tool has made" };
  if (GENERATED.test(name)) return { reads: "nothing", reason: "generated or minified, by its name" };
  const closed = CLOSED[end];
  if (closed !== undefined) return { reads: "nothing", reason: closed };
  if (BINARY.has(end)) return { reads: "nothing" };
  if (DATA.has(end)) return { reads: "nothing", reason: `data (.${end}), not writing` };
  const named = NAMED.get(name);
  if (named !== undefined) return { reads: "code", language: named };
  if (LICENCE.test(name)) return { reads: "nothing", reason: "the text of a licence" };
  const reads = TEXTS[end];
  if (reads !== undefined) return { reads };
  const language = LANGUAGES.get(end);
  if (language !== undefined) return { reads: "code", language };
  return /^(?:readme|changelog|notes?|todo|authors|contributing)$/.test(name)
    ? { reads: "text" }
    : { reads: "unknown" };
}

/** Why a folder is not entered, or `undefined` where it is. What is hidden is left out, `.git` without a word. */
export function leftOutFolder(name: string): string | undefined {
  if (FOREIGN_FOLDERS.has(name)) return "a folder of others’ code";
  return name.startsWith(".") ? "hidden" : undefined;
}

/** The file ends that are read as texts, for people. */
export const TEXT_ENDS: readonly string[] = Object.keys(TEXTS).map((end) => `.${end}`);

function byWord(words: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(words).flatMap(([value, ends]) => ends.split(" ").map((end) => [end, value] as const)));
}
