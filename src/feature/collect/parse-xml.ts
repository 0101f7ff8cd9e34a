/**
 * XML of feeds and sitemaps as plain objects: a document with definitions of entities is refused, no entity is
 * expanded but the five of XML and numbers, and elements cannot be nested without end.
 */

import { XMLParser } from "fast-xml-parser";

/** An element: `@name` for attributes, names for children, `#text` and `#cdata` for what it says. */
export type XmlValue = string | XmlElement | readonly XmlValue[];
export interface XmlElement {
  readonly [name: string]: XmlValue | undefined;
}

/** Kept as they stand in the text, because they may hold elements of HTML. */
const RAW = ["*.content", "*.summary"];

/** Parses a document. Throws what the parser throws, and for one that defines entities. */
export function parseXml(text: string): XmlElement {
  if (/<!ENTITY/i.test(text)) throw new TypeError("it defines entities");
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: "@",
    cdataPropName: "#cdata",
    parseTagValue: false,
    parseAttributeValue: false,
    processEntities: false,
    htmlEntities: false,
    ignoreDeclaration: true,
    ignorePiTags: true,
    maxNestedTags: 100,
    stopNodes: RAW.map((path) => path.replace("*", "feed.entry")),
  });
  return parser.parse(text.replace(/<!DOCTYPE[^>[]*>/i, ""));
}

/** One or many, or none, as a list. */
export function listOf(value: XmlValue | undefined): (string | XmlElement)[] {
  if (value === undefined) return [];
  // Elements of a list are never lists themselves.
  return Array.isArray(value) ? (value as (string | XmlElement)[]) : [value as string | XmlElement];
}

/** The first element of the name. */
export function childOf(element: XmlValue | undefined, name: string): string | XmlElement | undefined {
  const [first] = listOf(element);
  return typeof first === "object" ? listOf(first[name])[0] : undefined;
}

/** What an element says: marked sections as they are, the rest with its entities decoded. */
export function textOf(element: XmlValue | undefined): string {
  const [first] = listOf(element);
  if (first === undefined) return "";
  if (typeof first === "string") return decodeRaw(first);
  const sections = listOf(first["#cdata"]).filter((each) => typeof each === "string");
  const text = listOf(first["#text"]).filter((each) => typeof each === "string");
  return `${text.map(decodeRaw).join("")}${sections.join("")}`.trim();
}

export const attributeOf = (element: string | XmlElement | undefined, name: string): string => {
  const value = typeof element === "object" ? element[`@${name}`] : undefined;
  return typeof value === "string" ? decodeEntities(value) : "";
};

/** Text in which marked sections may stand. */
const decodeRaw = (raw: string): string =>
  raw
    .split(/(<!\[CDATA\[[\s\S]*?\]\]>)/)
    .map((part) => (part.startsWith("<![CDATA[") ? part.slice(9, -3) : decodeEntities(part)))
    .join("")
    .trim();

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

export const decodeEntities = (text: string): string =>
  text.replace(/&(?:#\d{1,7}|#x[\da-f]{1,6}|\w+);/gi, (whole) => {
    const name = whole.slice(1, -1);
    if (!name.startsWith("#")) return NAMED[name] ?? whole;
    const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code > 0x10ffff ? whole : String.fromCodePoint(code);
  });
