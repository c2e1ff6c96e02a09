/** The look of the report, in the light and in the dark. */
export const STYLE = `
:root { color-scheme: light dark; --text: #1c2530; --soft: #5b6673; --back: #fff; --panel: #f5f7f9;
  --edge: #dbe1e7; --good: #137a3e; --bad: #b3261e; --middle: #94610a;
  --line-0: #1f6feb; --line-1: #d1580f; --line-2: #b3261e; --line-3: #137a3e; --line-4: #7a3fc4;
  --line-5: #0d8a8a; --line-6: #b0267e; --line-7: #7a6a00; --line-8: #5b6673; --line-9: #9c5221; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e9ee; --soft: #9aa6b2; --back: #12171d;
  --panel: #1a2129; --edge: #303a45; --good: #5fd38d; --bad: #ff8a80; --middle: #f0b95a;
  --line-0: #6cb0ff; --line-1: #ffa25e; --line-2: #ff8a80; --line-3: #5fd38d; --line-4: #c29bff;
  --line-5: #5fd0d0; --line-6: #ff8fd0; --line-7: #e0d060; --line-8: #9aa6b2; --line-9: #d9a07a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1rem 4rem; background: var(--back);
  color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; }
p { margin: .3rem 0; } small, .soft { color: var(--soft); font-weight: normal; }
.head { display: flex; gap: 1.5rem; align-items: center; }
.grade { font-size: 2.4rem; font-weight: 700; min-width: 5rem; padding: .4rem .8rem; text-align: center;
  border: 2px solid currentColor; border-radius: .6rem; }
.good { color: var(--good); } .bad { color: var(--bad); } .middle { color: var(--middle); }
ul.notes { padding-left: 1.2rem; margin: .5rem 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--edge); text-align: right; white-space: nowrap; }
th { color: var(--soft); font-weight: 600; } th:first-child, td:first-child { text-align: left; }
figure { margin: 1rem 0; padding: .8rem; background: var(--panel); border: 1px solid var(--edge);
  border-radius: .6rem; }
figcaption { font-weight: 600; margin-bottom: .3rem; }
svg { width: 100%; height: auto; display: block; font: 11px system-ui, sans-serif; }
svg text { fill: var(--soft); } svg path { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
svg .grid { stroke: var(--edge); } svg .mark { stroke: var(--soft); stroke-dasharray: 3 3; }
ul.legend { display: flex; flex-wrap: wrap; gap: .2rem 1rem; list-style: none; margin: .3rem 0 0; padding: 0;
  font-size: 13px; color: var(--soft); }
ul.legend i { display: inline-block; width: .9rem; height: .25rem; margin-right: .4rem; vertical-align: middle; }
`;
