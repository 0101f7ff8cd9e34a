/** The page's style sheet and the quiz's script: no request leaves the page. */

export const STYLE = `
:root{color-scheme:light dark;--ink:#1d1b18;--quiet:#6d675e;--paper:#fbf9f5;--card:#fff;--rule:#e4ded3;--a0:#b0482b;--a1:#1f6f8b;--a2:#7a5c99;--good:#2d7d46;--bad:#a33}
@media (prefers-color-scheme:dark){:root{--ink:#ece7de;--quiet:#a39c90;--paper:#171614;--card:#211f1c;--rule:#38342e;--a0:#e58a6b;--a1:#6fb9d3;--a2:#b79ad6;--good:#7cc492;--bad:#e58080}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{max-width:960px;margin:0 auto;padding:32px 20px 80px}
h1{font-size:30px;margin:0 0 4px;letter-spacing:-.01em}h2{font-size:20px;margin:44px 0 12px}h3{font-size:16px;margin:0 0 6px}
p{margin:0 0 12px}.quiet,small{color:var(--quiet)}code,.mono{font:13.5px/1.5 ui-monospace,Menlo,Consolas,monospace}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(270px,1fr));gap:16px}
.card{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:16px 18px;overflow-wrap:anywhere}
.card.author-0{border-top:4px solid var(--a0)}.card.author-1{border-top:4px solid var(--a1)}.card.author-2{border-top:4px solid var(--a2)}
.voice{font:16px/1.6 Georgia,'Times New Roman',serif;white-space:pre-wrap}
.prompt{color:var(--quiet)}
svg{width:100%;height:auto}svg text{font:12px system-ui,sans-serif;fill:var(--quiet)}
.grid{stroke:var(--rule)}.line{fill:none;stroke-width:2.2}.line.author-0{stroke:var(--a0)}.line.author-1{stroke:var(--a1)}.line.author-2{stroke:var(--a2)}.line.raw{stroke-width:1;opacity:.28}
.dot{stroke:var(--card);stroke-width:1.5}.dot.author-0{fill:var(--a0)}.dot.author-1{fill:var(--a1)}.dot.author-2{fill:var(--a2)}
.name-0{color:var(--a0);font-weight:600}.name-1{color:var(--a1);font-weight:600}.name-2{color:var(--a2);font-weight:600}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th,td{text-align:left;padding:7px 12px 7px 0;border-bottom:1px solid var(--rule);vertical-align:top}
th{color:var(--quiet);font-weight:500}td.best{font-weight:700}
blockquote{margin:8px 0;padding-left:14px;border-left:3px solid var(--rule);font-family:Georgia,serif}
.good{color:var(--good)}.bad{color:var(--bad)}
button{font:inherit;padding:7px 12px;margin:0 8px 8px 0;border-radius:8px;border:1px solid var(--rule);background:var(--paper);color:inherit;cursor:pointer}
button:hover:not(:disabled){border-color:var(--quiet)}button.right{border-color:var(--good);color:var(--good)}button.wrong{border-color:var(--bad);color:var(--bad)}
.live{display:inline-block;padding:2px 10px;border-radius:20px;background:var(--a1);color:#fff;font-size:13px}
.lineage{list-style:none;padding:0;margin:0}.lineage li{padding:4px 0 4px 18px;border-left:2px solid var(--rule);margin-left:6px;position:relative}
.lineage li:before{content:'';position:absolute;left:-6px;top:12px;width:10px;height:10px;border-radius:50%;background:var(--a1)}
details summary{cursor:pointer;color:var(--quiet)}
`;

export const QUIZ_SCRIPT = `
for (const item of document.querySelectorAll('[data-truth]')) {
  for (const button of item.querySelectorAll('button')) {
    button.addEventListener('click', () => {
      for (const other of item.querySelectorAll('button')) {
        other.disabled = true;
        if (other.textContent === item.dataset.truth) other.classList.add('right');
      }
      if (button.textContent !== item.dataset.truth) button.classList.add('wrong');
      item.dataset.done = button.textContent === item.dataset.truth ? 'right' : 'wrong';
      const done = document.querySelectorAll('[data-done]').length;
      const right = document.querySelectorAll('[data-done=right]').length;
      document.querySelector('#score').textContent = right + ' of ' + done + ' right; guessing gives one in four';
    });
  }
}
`;
