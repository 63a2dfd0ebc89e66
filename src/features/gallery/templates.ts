import { readdirSync, readFileSync } from "node:fs";
import { packageRoot } from "../../kernel/package-root.ts";
import { readTemplate, type TemplateFile } from "./template.ts";

const folder = new URL("src/features/gallery/templates/", packageRoot);
const readFile = (name: string): TemplateFile =>
  readTemplate({ slug: name.slice(0, -".lua".length), text: readFileSync(new URL(name, folder), "utf8") });

/** The automations that come with the server, in their order. */
export const templates: readonly TemplateFile[] = readdirSync(folder)
  .filter((name) => name.endsWith(".lua"))
  .map(readFile)
  .sort((a, b) => a.position - b.position);

/** Undefined for what is no template's slug. */
export const findTemplate = (slug: string): TemplateFile | undefined => templates.find((one) => one.slug === slug);
