/** The licence of a repository as an SPDX identifier, by the words of its licence file or what its manifest says. */

/** Files that may state it, the most telling first. */
export const LICENCE_FILES = [
  "LICENSE",
  "LICENSE.md",
  "LICENSE.txt",
  "COPYING",
  "package.json",
  "Cargo.toml",
  "pyproject.toml",
] as const;

/** Licences by words that only they have, the more particular before the more general. */
const SIGNS: readonly (readonly [spdx: string, sign: RegExp])[] = [
  ["AGPL-3.0", /GNU AFFERO GENERAL PUBLIC LICENSE\s+Version 3/i],
  ["LGPL-3.0", /GNU LESSER GENERAL PUBLIC LICENSE\s+Version 3/i],
  ["LGPL-2.1", /GNU LESSER GENERAL PUBLIC LICENSE\s+Version 2\.1/i],
  ["GPL-3.0", /GNU GENERAL PUBLIC LICENSE\s+Version 3/i],
  ["GPL-2.0", /GNU GENERAL PUBLIC LICENSE\s+Version 2/i],
  ["MPL-2.0", /Mozilla Public License,?\s+Version 2\.0/i],
  ["Apache-2.0", /Apache License,?\s+Version 2\.0/i],
  ["EPL-2.0", /Eclipse Public License\s+-?\s*v?\s*2\.0/i],
  ["CC-BY-SA-4.0", /Attribution-ShareAlike 4\.0 International/i],
  ["CC-BY-NC-4.0", /Attribution-NonCommercial 4\.0 International/i],
  ["CC-BY-4.0", /Attribution 4\.0 International/i],
  ["CC0-1.0", /CC0 1\.0 Universal/i],
  ["BSL-1.0", /Boost Software License - Version 1\.0/i],
  ["Unlicense", /This is free and unencumbered software released into the public domain/i],
  ["BSD-3-Clause", /Redistributions? of source code must[\s\S]*Neither the name/i],
  ["BSD-2-Clause", /Redistributions? of source code must/i],
  ["ISC", /Permission to use, copy, modify, and\/or distribute this software for any\s+purpose/i],
  ["MIT", /Permission is hereby granted, free of charge, to any person obtaining a copy/i],
];

/** The identifier, or `undefined` where the file states none that is known. @source https://spdx.org/licenses/ */
export function licenceIn(file: string, text: string): string | undefined {
  const stated = file.endsWith(".json")
    ? /"license"\s*:\s*"([^"]+)"/.exec(text)?.[1]
    : file.endsWith(".toml")
      ? /^license\s*=\s*(?:\{\s*text\s*=\s*)?"([^"]+)"/m.exec(text)?.[1]
      : undefined;
  if (stated !== undefined) return /^[\w.+() -]+$/.test(stated) ? stated : undefined;
  return SIGNS.find(([, sign]) => sign.test(text.slice(0, 20_000)))?.[0];
}
