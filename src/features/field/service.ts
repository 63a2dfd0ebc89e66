import type { Field, Input, Issue, Output } from "../../../protocol/index.ts";
import type { ProjectContext } from "../../kernel/context.ts";
import { AppError, found, invalid } from "../../kernel/errors.ts";
import { transact } from "../../kernel/transact.ts";
import { changedData } from "../issue/events.ts";
import { checkPresent, missing } from "../issue/service/find.ts";
import { misfit } from "./policy.ts";
import {
  deleteFieldRow,
  findFilling,
  insertField,
  listFields,
  updateFieldRow,
  updateFieldValue,
} from "./repository.ts";

const nameTaken = (name: string) => new AppError("conflict", `There is a field named ${name} already`);

function checkOptions(kind: Field["kind"], options: string[]): void {
  if (kind === "select" && options.length === 0) throw invalid("options", "a select field needs options");
  if (kind !== "select" && options.length > 0) throw invalid("options", "only a select field has options");
  if (new Set(options).size !== options.length) throw invalid("options", "each option once");
}

export async function listProjectFields(ctx: ProjectContext): Promise<Output<"field.list">> {
  return { items: await listFields(ctx.db, ctx.project.id), nextCursor: null };
}

export async function createField(ctx: ProjectContext, input: Input<"field.create">): Promise<Field> {
  const { name, kind, options } = input;
  checkOptions(kind, options);
  return transact(ctx, ctx.project.stream, async (tx) => {
    const field = await insertField(tx, { projectId: ctx.project.id, name, kind, options });
    if (!field) throw nameTaken(name);
    tx.emit("field.created", { field });
    return field;
  });
}

export async function updateField(ctx: ProjectContext, input: Input<"field.update">): Promise<Field> {
  const { patch } = input;
  return transact(ctx, ctx.project.stream, async (tx) => {
    const fields = await listFields(tx, ctx.project.id);
    const before = found(
      fields.find(({ id }) => id === input.fieldId),
      "Field",
    );
    const wanted = { ...before, name: patch.name ?? before.name, options: patch.options ?? before.options };
    checkOptions(wanted.kind, wanted.options);
    if (fields.some(({ id, name }) => id !== before.id && name === wanted.name)) throw nameTaken(wanted.name);
    const changes = [
      { field: "name", from: before.name, to: wanted.name },
      { field: "options", from: before.options, to: wanted.options },
    ].filter(({ from, to }) => JSON.stringify(from) !== JSON.stringify(to));
    if (changes.length === 0) return before;
    const field = await updateFieldRow(tx, wanted);
    tx.emit("field.updated", { field }, { changes });
    return field;
  });
}

export async function deleteField(ctx: ProjectContext, input: Input<"field.delete">): Promise<Output<"field.delete">> {
  const projectId = ctx.project.id;
  return transact(ctx, ctx.project.stream, async (tx) => {
    const fields = await listFields(tx, projectId);
    const { id, name } = found(
      fields.find((field) => field.id === input.fieldId),
      "Field",
    );
    await deleteFieldRow(tx, { projectId, id });
    tx.emit("field.deleted", { fieldId: id }, { changes: [{ field: "name", from: name, to: null }] });
    return {};
  });
}

export async function setIssueField(ctx: ProjectContext, input: Input<"issue.setField">): Promise<Issue> {
  const { project } = ctx;
  const { issue: number, fieldId, value } = input;
  const userId = typeof value === "string" ? value : null;
  return transact(ctx, project.stream, async (tx) => {
    const filling = await findFilling(tx, { project, number, fieldId, userId });
    if (!filling) throw await missing(ctx, tx, number);
    const { issue, isInsider } = filling;
    checkPresent(issue);
    const field = found(filling.field, "Field");
    const fault = misfit(field, value);
    if (fault !== undefined) throw invalid("value", fault);
    if (field.kind === "user" && value !== null && !isInsider)
      throw invalid("value", "is not a member of this project");
    const present = issue.fields[fieldId] ?? null;
    if (present === value) return issue;
    const after = await updateFieldValue(tx, { project, id: issue.id, fieldId, value });
    const changes = [{ field: field.name, from: present, to: value }];
    tx.emit("issue.updated", changedData(after, { fields: after.fields }), { issue: number, changes });
    return after;
  });
}
