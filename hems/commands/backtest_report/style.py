"""The style sheet of the page, light and dark."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f6f5f1; --card: #ffffff; --ink: #1d2528; --soft: #566166; --edge: #dedfd9; --grid: #e2e4e0;
  --model: #0a7f78; --wide: #0a7f7824; --narrow: #0a7f7840; --naive: #c07a00; --measured: #1d2528; --aim: #4b5f9e22;
  --win: #08716b; --loss: #ab3a27;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #11171a; --card: #192125; --ink: #e7ecec; --soft: #a3b0b5; --edge: #2d383d; --grid: #2f3a40;
    --model: #3cc4b8; --wide: #3cc4b824; --narrow: #3cc4b844; --naive: #eaa93a; --measured: #e7ecec;
    --aim: #97a9e822; --win: #4fd0c4; --loss: #f58d78;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 1120px; padding: 24px 16px 48px; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: break-word;
}
h1, h2, h3, p, figure { margin: 0; }
h1 { font-size: clamp(1.5rem, 1.1rem + 1.8vw, 2.3rem); line-height: 1.15; max-width: 26em; text-wrap: balance; }
h2 { font-size: 1.25rem; }
.soft { color: var(--soft); font-size: .9rem; max-width: 62em; margin-top: 6px; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 12px; margin: 18px 0; }
.cards div, section { background: var(--card); border: 1px solid var(--edge); border-radius: 12px; }
.cards div { padding: 12px 16px; }
.cards span { display: block; color: var(--soft); font-size: .875rem; }
.cards b { font-size: 1.5rem; line-height: 1.3; }
section { padding: 18px 20px; margin-top: 16px; }
.pictures {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(min(400px, 100%), 1fr));
  gap: 18px 24px; margin-top: 14px;
}
svg { display: block; width: 100%; height: auto; font-size: 12px; overflow: visible; }
svg text { fill: var(--ink); }
svg .tick { fill: var(--soft); }
.plot-title { font-weight: 600; }
path { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
line.grid { stroke: var(--grid); } line.zero { stroke: var(--soft); }
path.model { stroke: var(--model); stroke-width: 2.2; } path.naive { stroke: var(--naive); stroke-dasharray: 6 3; }
path.measured { stroke: var(--measured); } path.home { stroke: var(--model); stroke-width: .9; opacity: .35; }
path.nominal { stroke: var(--soft); stroke-dasharray: 3 3; }
path.wide { fill: var(--wide); } path.narrow { fill: var(--narrow); } path.aim { fill: var(--aim); }
circle.model { fill: var(--model); }
.legend {
  display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 10px 0 0; padding: 0; list-style: none;
  font-size: .875rem;
}
.legend li { display: flex; align-items: center; gap: 7px; }
.legend i { width: 20px; height: 0; border-top: 3px solid; }
.legend .model { color: var(--model); } .legend .measured { color: var(--measured); }
.legend .nominal { color: var(--soft); }
.legend .naive { color: var(--naive); border-top-style: dashed; } .legend .nominal { border-top-style: dotted; }
.legend .wide, .legend .narrow, .legend .aim { height: 12px; border: 0; }
.legend .wide { background: var(--wide); } .legend .narrow { background: var(--narrow); }
.legend .aim { background: var(--aim); }
.legend span { color: var(--ink); }
.scroll { overflow-x: auto; margin-top: 10px; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
th, td { padding: 5px 12px 5px 0; border-bottom: 1px solid var(--edge); text-align: right; white-space: nowrap; }
th:first-child, td:first-child, .words td, .words th { text-align: left; }
.words td { white-space: normal; }
.win { color: var(--win); } .loss { color: var(--loss); }
thead th { white-space: normal; vertical-align: bottom; }
th.wide { min-width: 8.5em; }
tr.mean td { font-weight: 650; }
@media (max-width: 620px) { section { padding: 14px 12px; } }
@media print { section { break-inside: avoid; } }
"""
