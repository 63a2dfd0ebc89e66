import { z } from "zod";

export const Slug = z.string().regex(/^[a-z0-9-]{1,48}$/, "1 to 48 of a-z, 0-9 and -");
export const OrgRef = Slug.describe("Slug of the organization, as `acme`.");
export const ProjectRef = z
  .string()
  .regex(/^[a-z0-9-]{1,48}\/[a-z0-9-]{1,48}$/, "org slug / project slug")
  .describe("Slugs of organization and project, as `acme/web`.");
/** 2^31 - 1: the column is an int4. */
export const IssueNumber = z.int().min(1).max(2_147_483_647).describe("The issue's number in its project.");
/** Of an input: Postgres writes ids in small letters, and so ids can be compared. */
export const Id = z.uuid().toLowerCase();
export const Time = z.iso.datetime();
export const Email = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .regex(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, "an e-mail address");
export const Name = z.string().trim().min(1).max(100);

export const UserRef = z.strictObject({
  id: z.uuid(),
  displayName: z.string(),
  avatarUrl: z.string().nullable(),
  kind: z.enum(["user", "bot", "script"]),
});
export type UserRef = z.infer<typeof UserRef>;

/** The input fields of every list. */
export const paging = {
  cursor: z.string().max(1000).nullish().describe("`nextCursor` of the page before; omit for the first."),
  limit: z.int().min(1).max(100).default(50),
};

/** One page of a list; `nextCursor` is null on the last one. */
export const page = <T extends z.ZodType>(item: T) =>
  z.strictObject({ items: z.array(item), nextCursor: z.string().nullable() });

/** One value or several of a filter. */
export const oneOrMany = <T extends z.ZodType>(value: T) => z.union([value, z.array(value).min(1).max(50)]);

export const Nothing = z.strictObject({});

/** Ids for the examples of the documents. */
export const exampleId = "5b0c7c7e-2c4f-4d0c-9c51-6a3c1d7a9e10";
