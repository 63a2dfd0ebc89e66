import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Change, UserRef } from "../../../protocol/index.ts";
import { invalid } from "../../kernel/errors.ts";

/** `UserRef` out of the table `users`. */
export const userRef = sql<UserRef>`json_build_object(
  'id', users.id, 'displayName', users.display_name, 'avatarUrl', users.avatar_url, 'kind', users.kind
)`;

/** Everyone, but of bots only those of the organization: they act nowhere else. */
export const isWithinReach = (orgId: string): RawBuilder<SqlBool> =>
  sql<SqlBool>`(users.kind = 'user' or users.org_id = ${orgId})`;

export type Person = { column: "users.id" | "users.email"; value: string };

/** The person that an input names, by exactly one of the two. */
export function namedPerson({ userId, email }: { userId?: string | undefined; email?: string | undefined }): Person {
  if (userId !== undefined && email === undefined) return { column: "users.id", value: userId };
  if (email !== undefined && userId === undefined) return { column: "users.email", value: email };
  throw invalid("userId", "name the person by either userId or email");
}

/** What the activity shows when someone's role changes: null is none. */
export function roleChanges(user: UserRef, role: { from: string | null; to: string | null }): Change[] {
  const member = {
    field: "member",
    from: role.from === null ? null : user.id,
    to: role.to === null ? null : user.id,
    ...(role.from !== null && { fromName: user.displayName }),
    ...(role.to !== null && { toName: user.displayName }),
  };
  return [{ field: "role", ...role }, member];
}
