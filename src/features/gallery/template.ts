import { z } from "zod";
import { Name, type Output, Parameter, Template } from "../../../protocol/index.ts";

/** What stands in the long comment that a template begins with. */
const Header = z.strictObject({
  title: Name,
  summary: z.string().min(1).max(300),
  category: Template.shape.category,
  position: z.int().min(1),
  document: z.array(z.string()).min(1),
  parameters: z.array(Parameter),
});

export type TemplateFile = Template & Pick<Output<"gallery.get">, "document" | "source">;

/** `--[[ {json} ]]` and then the source. Throws when a file is not of that form. */
export function readTemplate(file: { slug: string; text: string }): TemplateFile {
  const { slug, text } = file;
  const [whole = "", json] = /^--\[\[\n(\{[\s\S]*?\n\})\n\]\]\n\n?/.exec(text) ?? [];
  if (json === undefined) throw new Error(`the template ${slug} does not begin with a header`);
  const parsed = Header.safeParse(JSON.parse(json));
  if (!parsed.success) throw new Error(`the header of the template ${slug}: ${z.prettifyError(parsed.error)}`);
  const { document, ...header } = parsed.data;
  return { slug, ...header, document: document.join("\n"), source: text.slice(whole.length) };
}
