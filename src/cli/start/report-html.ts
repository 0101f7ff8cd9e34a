/** The report as one self-contained page: every section appears as soon as there is something in it. */

import { lossCurves } from "./curves.ts";
import { type Html, html, trusted } from "./html.ts";
import { type AuthorReport, type CitedAnswer, countQuestions, type StartReport, voiceLabel } from "./report.ts";
import { QUIZ_SCRIPT, STYLE } from "./report-style.ts";

/** Renders the page; while the job runs it loads itself again every three seconds. */
export function renderReport(report: StartReport): string {
  const { authors } = report;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
${report.running ? html`<meta http-equiv="refresh" content="3">` : null}
<title>Trilith: two writers, two twins</title><style>${trusted(STYLE)}</style></head><body><main>
<h1>${authors.length === 0 ? "Trilith" : `${new Intl.ListFormat("en").format(authors.map(({ name }) => name))}: their twins`}</h1>
<p class="quiet">${report.running ? html`<span class="live">${report.stage}</span> ` : null}${report.seconds} s on this machine,
offline. Base model: ${report.base.name}, ${millions(report.base.parameterCount)} parameters. Voice only: it learned how they
write, its facts are not claims. Facts come from retrieval, quoted and cited.</p>
${section("What was read", authors.map(authorCard), "cards")}
${authors.length > 0 ? html`<h2>How the adapters learned</h2>${legend(authors)}${lossCurves(authors)}` : null}
${snapshots(report)}
${continuations(report)}
${matrix(report)}
${copying(report)}
${report.answer || report.refusal ? html`<h2>Answers</h2><div class="cards">${[report.answer, report.refusal].map((each) => each && answerCard(each))}</div>` : null}
${questions(report)}
${lineage(report)}
${quiz(report)}
${section(
  "Where to go next",
  report.next.map(
    ({ command, purpose }) => html`<div class="card"><code>${command}</code><br><small>${purpose}</small></div>`,
  ),
  "cards",
)}
</main><script>${trusted(QUIZ_SCRIPT)}</script></body></html>`.html;
}

function section(title: string, parts: readonly Html[], className: string): Html | null {
  return parts.length === 0 ? null : html`<h2>${title}</h2><div class="${className}">${parts}</div>`;
}

function authorCard({ name, documents, words, chunks, model }: AuthorReport, index: number): Html {
  return html`<div class="card author-${index}"><h3>${name}</h3>${documents} documents, ${thousands(words)} words, ${chunks} chunks
<br><small>${model === null ? "no adapter yet" : `adapter ${model}`}</small></div>`;
}

function legend(authors: readonly AuthorReport[]): Html {
  return html`<p>${authors.map(
    ({ name, curve, steps, tokensPerSecond }, i) =>
      html`<span class="name-${i}">${name}</span> ${curve.length > 0 ? `step ${curve.at(-1)?.step} of ${steps}` : "waiting"}${
        tokensPerSecond === null ? "" : `, ${thousands(Math.round(tokensPerSecond))} tokens/s`
      } &nbsp; `,
  )}</p>`;
}

function snapshots({ authors, prompt }: StartReport): Html | null {
  if (authors.every((author) => author.snapshots.length === 0)) return null;
  const shown = (author: AuthorReport): AuthorReport["snapshots"] =>
    [author.snapshots[0], author.snapshots[Math.floor(author.snapshots.length / 2)], author.snapshots.at(-1)].flatMap(
      (snapshot, i, all) => (snapshot === undefined || all.indexOf(snapshot) !== i ? [] : [snapshot]),
    );
  return html`<h2>The same prompt, as training went</h2><div class="cards">${authors.map(
    (author, i) =>
      html`<div class="card author-${i}"><h3>${author.name}</h3>${shown(author).map(
        ({ step, text }) =>
          html`<p><small>step ${step}</small><br><span class="voice"><span class="prompt">${prompt}</span>${text}</span></p>`,
      )}</div>`,
  )}</div>`;
}

function continuations({ continuations, prompt, base }: StartReport): Html | null {
  if (continuations.length === 0) return null;
  return html`<h2>One prompt, one seed</h2><p class="quiet">Here it is ${voiceLabel(base)}.</p>
<div class="cards">${continuations.map(
    ({ model, text }, i) =>
      html`<div class="card ${i === 0 ? "" : `author-${i - 1}`}"><h3>${model}</h3><span class="voice"><span class="prompt">${prompt}</span>${text}</span></div>`,
  )}</div>`;
}

function matrix({ matrix }: StartReport): Html | null {
  if (matrix === null) return null;
  return html`<h2>Whose voice is it?</h2>
<p>Bits per byte on documents that no adapter has seen; lower is better, 95 % intervals by document. An adapter has its author's
voice when it is better on this author's text than the other author's adapter is.</p>
<table><tr><th>held-out text by</th>${matrix.models.map((model) => html`<th>${model}</th>`)}<th>style gain</th><th>words shuffled</th></tr>
${matrix.rows.map(({ author, documents, cells }, row) => {
  const best = Math.min(...cells.map(({ mean }) => mean));
  const gain = matrix.gains[row]?.gain;
  return html`<tr><td>${author} <small>(${documents} documents)</small></td>${cells.map(
    ({ mean, low, high }) =>
      html`<td class="${mean === best ? "best" : ""}">${mean.toFixed(3)} <small>${low.toFixed(3)}–${high.toFixed(3)}</small></td>`,
  )}<td>${gain && html`<span class="${gain.low > 0 ? "good" : ""}">${gain.mean.toFixed(3)}</span> <small>${gain.low.toFixed(3)}–${gain.high.toFixed(3)}</small>`}</td>
<td>${matrix.shuffled[row]?.bitsPerByte.toFixed(3)}</td></tr>`;
})}</table>`;
}

function copying({ copying }: StartReport): Html | null {
  if (copying.length === 0) return null;
  return html`<h2>Does it copy?</h2><table><tr><th>twin</th><th>longest span copied from its training text</th><th>the author's own later text</th><th>8-grams copied</th></tr>
${copying.map(
  ({ author, longestWords, naturalWords, span, overlap8 }) =>
    html`<tr><td>${author}</td><td>${longestWords} words <small>“${span}”</small></td><td>${naturalWords} words</td><td>${(100 * overlap8).toFixed(1)} %</td></tr>`,
)}</table>`;
}

function answerCard({ question, text, refused, citations }: CitedAnswer): Html {
  return html`<div class="card"><h3>${question}</h3><p class="${refused ? "quiet" : ""}">${text}</p>${citations.map(
    ({ number, where, title }) => html`<small>[${number}] ${title}<br><code>${where}</code></small><br>`,
  )}</div>`;
}

function questions({ questions }: StartReport): Html | null {
  if (questions.length === 0) return null;
  const { hits, answerable, refused, unanswerable } = countQuestions(questions);
  return html`<h2>${questions.length} questions</h2><p>${hits} of ${answerable} answerable ones answered with the right citation;
${refused} of ${unanswerable} unanswerable ones refused.</p>
<details><summary>All of them</summary><table>${questions.map(
    ({ question, answerable, outcome, text, where }) =>
      html`<tr><td class="${outcome === "hit" || (!answerable && outcome === "refused") ? "good" : "bad"}">${outcome}</td><td>${question}<br><small>${text}${where === null ? "" : html` <code>${where}</code>`}</small></td></tr>`,
  )}</table></details>`;
}

function lineage({ lineage }: StartReport): Html | null {
  if (lineage.length === 0) return null;
  return html`<h2>From that answer back to its source</h2><ul class="lineage">${lineage.map((step) => html`<li class="mono">${step}</li>`)}</ul>`;
}

function quiz({ quiz }: StartReport): Html | null {
  if (quiz.length === 0) return null;
  const choices = [...new Set(quiz.map(({ truth }) => truth))].sort();
  return html`<h2>Who wrote this?</h2><p class="quiet" id="score">Two writers and their twins, in no order; the twins were asked to go on from an opening that they had not seen.</p>${quiz.map(
    ({ text, truth }) =>
      html`<div class="card" data-truth="${truth}" style="margin-bottom:14px"><p class="voice">${text}</p>${choices.map((choice) => html`<button type="button">${choice}</button>`)}</div>`,
  )}`;
}

const millions = (count: number): string => `${(count / 1e6).toFixed(1)}M`;
const thousands = (count: number): string => count.toLocaleString("en-US");
