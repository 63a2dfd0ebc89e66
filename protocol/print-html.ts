/** The documents by path, as each page links them. */
const documents = {
  "/docs/rest": "HTTP",
  "/docs/socket": "Sockets",
  "/api/v1/docs/openapi.json": "openapi.json",
  "/api/v1/docs/asyncapi.json": "asyncapi.json",
};

export const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** Code and links of one line of Markdown; `entities`: the page that has the headings which links lead to. */
export const inline = (markdown: string, entities = ""): string =>
  escapeHtml(markdown)
    .replaceAll(/`([^`]+)`/g, "<code>$1</code>")
    .replaceAll(/\[(\w+)\]\(#(\w+)\)/g, `<a href="${entities}#$2">$1</a>`);

export const code = (text: string): string => `<code>${escapeHtml(text)}</code>`;
export const link = (href: string, text: string): string => `<a href="${escapeHtml(href)}">${code(text)}</a>`;
export const block = (text: string): string => `<pre><code>${escapeHtml(text)}</code></pre>`;

/** A table that scrolls by itself; a cell is HTML, `id` the anchor of its row. */
export function table(label: string, heads: string[], rows: { id?: string; cells: string[] }[]): string {
  const head = heads.map((text) => `<th scope="col">${text}</th>`).join("");
  const body = rows.map(({ id, cells: [first, ...others] }) => {
    const anchor = id === undefined ? "" : ` id="${escapeHtml(id)}"`;
    return `<tr${anchor}><th scope="row">${first}</th>${others.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  });
  return `<div class="scroll" role="group" tabindex="0" aria-label="${escapeHtml(label)}"><table>
<thead><tr>${head}</tr></thead>
<tbody>
${body.join("\n")}
</tbody></table></div>`;
}

/** Terms with what is said of them, both HTML; those of which nothing is said are left out. */
export const facts = (entries: Record<string, string>): string =>
  `<dl>${Object.entries(entries)
    .filter(([, value]) => value !== "")
    .map(([term, value]) => `<div><dt>${term}</dt><dd>${value}</dd></div>`)
    .join("")}</dl>`;

export const article = (id: string, title: string, parts: string[]): string =>
  `<article id="${escapeHtml(id)}" aria-labelledby="${escapeHtml(id)}-title">
<h3 id="${escapeHtml(id)}-title"><a href="#${escapeHtml(id)}">${title}</a></h3>
${parts.filter(Boolean).join("\n")}
</article>`;

/** A part of a page; `links` are those of its contents, below its own. */
export type Section = { id: string; title: string; parts: string[]; links: { href: string; text: string }[] };

function contents({ id, title, links }: Section): string {
  const own = `<a href="#${id}">${escapeHtml(title)}</a>`;
  if (links.length === 0) return `<li>${own}</li>`;
  const items = links.map(({ href, text }) => `<li><a href="${escapeHtml(href)}">${escapeHtml(text)}</a></li>`);
  return `<li><details><summary>${escapeHtml(title)}</summary><ul><li>${own}</li>${items.join("")}</ul></details></li>`;
}

type Page = { title: string; path: string; intro: string[]; sections: Section[] };

/** A whole page, without script, style or anything from elsewhere. */
export function page({ title, path, intro, sections }: Page): string {
  const others = Object.entries(documents).map(([href, name]) =>
    href === path
      ? `<li><a href="${href}" aria-current="page">${name}</a></li>`
      : `<li><a href="${href}">${name}</a></li>`,
  );
  const body = sections.map(
    ({ id, title: heading, parts }) =>
      `<section id="${id}" aria-labelledby="${id}-title">\n<h2 id="${id}-title">${escapeHtml(heading)}</h2>\n${parts.join("\n")}\n</section>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/style.css">
</head>
<body>
<a class="skip" href="#main">Skip to the text</a>
<header><nav aria-label="Documents"><ul>${others.join("")}</ul></nav></header>
<nav class="contents" aria-label="Contents"><details open><summary>Contents</summary><ul>
${sections.map(contents).join("\n")}
</ul></details></nav>
<main id="main">
<h1>${escapeHtml(title)}</h1>
${intro.map((text) => `<p>${text}</p>`).join("\n")}
${body.join("\n")}
</main>
</body>
</html>
`;
}
