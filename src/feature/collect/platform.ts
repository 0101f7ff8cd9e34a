/** Which platform a page is on, by its host or, on a host of its own, by the platform's own marks in the page. */

import type { HtmlDocument } from "./html-node.ts";

export type Platform = "medium" | "substack" | "github-pages";

/** What tells a platform, and what it puts into the middle of a text, by its own class names. */
interface PlatformMarks {
  readonly platform: Platform;
  readonly hosts: RegExp;
  /** One of them in the page is enough. */
  readonly marks: string;
  readonly widgets: string;
}

const PLATFORMS: readonly PlatformMarks[] = [
  {
    platform: "medium",
    hosts: /(?:^|\.)medium\.com$/,
    marks:
      "meta[property='al:android:package'][content='com.medium.reader'], meta[name='twitter:app:name:iphone'][content='Medium']",
    widgets:
      "[data-testid='headerSocialShareButton'], [data-testid='audioPlayButton'], [data-testid='authorPhoto'], [data-testid='storyReadTime'], .speechify-ignore",
  },
  {
    platform: "substack",
    hosts: /(?:^|\.)substack\.com$/,
    marks:
      "link[rel='preconnect'][href*='substackcdn.com'], link[href*='substackcdn.com/bundle'], script[src*='substackcdn.com/bundle'], meta[property='og:image'][content*='substackcdn.com']",
    widgets:
      ".subscription-widget-wrap, .subscription-widget-wrap-editor, .subscribe-widget, .button-wrapper, .captioned-button-wrap, .post-ufi, .paywall-jump, .embedded-post-wrap, .embedded-publication-wrap, .digest-post-embed, .footnote-hovercard, .image-link-expand, .poll-embed, [data-component-name='SubscribeWidget'], [data-component-name='DigestPostEmbed'], [data-component-name='EmbeddedPublicationToDOMWithSubscribe']",
  },
  {
    platform: "github-pages",
    hosts: /\.github\.io$/,
    marks: "meta[name='generator'][content^='Jekyll'] ~ link[href*='github.githubassets.com']",
    widgets: ".anchor-link, a.anchor, a.header-anchor, a.heading-anchor, .post-navigation, .giscus, .utterances",
  },
];

/** The platform, where it is one of those that are known. */
export function platformOf(document: HtmlDocument | undefined, url: URL | undefined): Platform | undefined {
  const host = url?.hostname ?? "";
  const byHost = PLATFORMS.find(({ hosts }) => hosts.test(host));
  return (byHost ?? PLATFORMS.find(({ marks }) => document?.querySelector(marks)))?.platform;
}

/** How a document's platform is called: many hosts are one where the platform is known, else the host is. */
export function platformName(url: URL, platform = platformOf(undefined, url)): string {
  return platform === undefined || platform === "github-pages" ? url.hostname.replace(/^www\./, "") : platform;
}

/** Takes out what platforms put into texts, whatever platform the page is on: exports and copies keep the marks. */
export function removeWidgets(document: HtmlDocument): void {
  for (const { widgets } of PLATFORMS) for (const widget of document.querySelectorAll(widgets)) widget.remove();
}
