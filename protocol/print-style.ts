/** The style of the pages: light and dark, wide and narrow, and on paper. */
export const style = `:root {
  color-scheme: light dark;
  --paper: #fff; --ink: #1c2128; --soft: #57606a; --line: #d0d7de; --shade: #f6f8fa; --link: #0550ae;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #0d1117; --ink: #e6edf3; --soft: #9da7b3; --line: #30363d; --shade: #161b22; --link: #79c0ff; }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0 auto; max-width: 82rem; padding: 0 1rem 4rem; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: 1rem; padding: .5rem 1rem; background: var(--paper); }
header ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 0; padding: 1rem 0; list-style: none; border-bottom: 1px solid var(--line); }
[aria-current] { font-weight: 700; color: inherit; text-decoration: none; }
.contents { font-size: .9rem; }
.contents ul { margin: 0; padding-left: 1rem; list-style: none; }
.contents summary, .contents a { display: inline-block; padding: .2rem 0; overflow-wrap: anywhere; }
.contents summary { cursor: pointer; }
h1 { line-height: 1.2; }
h2 { margin: 3rem 0 0; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
h3 { margin: 0 0 .25rem; font-size: 1.05rem; overflow-wrap: anywhere; }
h3 a { color: inherit; text-decoration: none; }
h3 a:hover { text-decoration: underline; }
article { padding: 1.5rem 0; border-bottom: 1px solid var(--line); }
article p { margin: 0 0 .75rem; }
article:target, tr:target { background: var(--shade); }
dl { margin: 0 0 .75rem; }
dl div { display: flex; flex-wrap: wrap; gap: 0 .75rem; }
dt { flex: 0 0 7rem; color: var(--soft); }
dd { flex: 1 1 14rem; margin: 0; overflow-wrap: anywhere; }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
pre, .scroll { margin: 0 0 .75rem; }
pre { padding: .75rem; background: var(--shade); border-radius: 6px; white-space: pre-wrap; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; font-weight: 400; }
thead th { color: var(--soft); }
td { min-width: 7rem; }
@media (min-width: 60rem) {
  body { display: grid; grid-template-columns: 15rem minmax(0, 1fr); column-gap: 3rem; }
  header, .skip { grid-column: 1 / -1; }
  .contents { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; padding: 1rem 0; }
}
@media print { .contents, header, .skip { display: none; } }
`;
