import type { AccessOf, ClientInput, CommandName, ErrorCode } from "../../protocol/index.ts";
import type { Client } from "../support/client.ts";
import { type Cast, issueBy, type Scene, setScene } from "./scene.ts";

export type ProjectMutation = {
  [N in CommandName]: AccessOf<N> extends `project:${string}`
    ? "commandId" extends keyof ClientInput<N>
      ? N
      : never
    : never;
}[CommandName];

/** A scene with four issues to do, two in progress and one done. */
export type BoardScene = Scene & { todo: number[]; doing: number[]; done: number[] };

export async function setBoard(cast: Cast): Promise<BoardScene> {
  const scene = await setScene(cast);
  /** Numbers top to bottom: both number and place are given under the lock. */
  const fill = async (stageId: string, count: number): Promise<number[]> => {
    const made = await Promise.all(Array.from({ length: count }, () => issueBy(scene, scene.maker, stageId)));
    return made.sort((x, y) => x - y);
  };
  const [todo, doing, done] = scene.stages;
  const [first, second, third] = await Promise.all([fill(todo, 4), fill(doing, 2), fill(done, 1)]);
  return { ...scene, todo: first, doing: second, done: third };
}

/** `actor` is an admin of the organization unless named; `refused`: nothing must happen. */
export type Case<N extends CommandName> = { input: ClientInput<N>; actor?: Client; refused?: ErrorCode };
type Variant<N extends CommandName> = (at: BoardScene) => Case<N> | Promise<Case<N>>;

/** No more than this many may stand in the stage. */
const limit = ({ maker, project }: Scene, stageId: string, wipLimit: number, wipMode: "block" | "warn" = "block") =>
  maker.ok("stage.update", { project, stageId, patch: { wipLimit, wipMode } });

/** Deletes the stage of what is done, whose issue then stands nowhere. */
async function unplaced(at: BoardScene): Promise<{ project: string; issue: number }> {
  await at.maker.ok("stage.delete", { project: at.project, stageId: at.stages[2] });
  return { project: at.project, issue: at.done[0] };
}

async function deleted({ maker, project }: BoardScene, issue: number): Promise<{ project: string; issue: number }> {
  await maker.ok("issue.delete", { project, issue });
  return { project, issue };
}

/** What the fixtures do not show of a command: limits, changes that draw others along, refusals, nothing to do. */
export const variants: { [N in ProjectMutation]?: Record<string, Variant<N>> } = {
  "issue.create": {
    "in a stage, with all its fields": ({ project, stages, as }) => ({
      input: {
        project,
        title: "Everything",
        description: "In full",
        type: "bug",
        kind: "story",
        priority: "critical",
        stageId: stages[1],
        assigneeIds: [as.developer.userId, as.owner.userId],
        estimate: 2.5,
      },
    }),
    "by a guest": ({ project, as }) => ({ input: { project, title: "From outside" }, actor: as["guest reporter"] }),
    "in the last free place": async (at) => {
      await limit(at, at.stages[1], 3);
      return { input: { project: at.project, title: "Just fits", stageId: at.stages[1] } };
    },
    "in a full stage": async (at) => {
      await limit(at, at.stages[1], 2);
      return { input: { project: at.project, title: "Too many", stageId: at.stages[1] }, refused: "wip_exceeded" };
    },
    "in a project without stages": async (at) => {
      const { maker, project, stages } = at;
      for (const stageId of stages) await maker.ok("stage.delete", { project, stageId });
      return { input: { project, title: "Nowhere" } };
    },
  },
  "issue.update": {
    "of nothing but the description": ({ project, todo }) => ({
      input: { project, issue: todo[0], patch: { description: "Longer" } },
    }),
    "of several fields": ({ project, todo }) => ({
      input: { project, issue: todo[0], patch: { type: "bug", kind: "epic", priority: "minor", estimate: 8 } },
    }),
    "of a status that another stage has": ({ project, todo }) => ({
      input: { project, issue: todo[1], patch: { status: "in_progress", title: "Begun" } },
    }),
    "of a status that no stage has": ({ project, todo }) => ({
      input: { project, issue: todo[1], patch: { status: "closed" } },
    }),
    "back to the status of its stage": async ({ maker, project, todo }) => {
      await maker.ok("issue.update", { project, issue: todo[2], patch: { status: "closed" } });
      return { input: { project, issue: todo[2], patch: { status: "open" } } };
    },
    "of a status whose stage is full": async (at) => {
      await limit(at, at.stages[1], 1);
      return {
        input: { project: at.project, issue: at.todo[0], patch: { status: "in_progress" } },
        refused: "wip_exceeded",
      };
    },
    "of the status of an issue without a stage": async (at) => ({
      input: { ...(await unplaced(at)), patch: { status: "open" } },
    }),
    "from an old version": async ({ project, todo }) => ({
      input: { project, issue: todo[0], patch: { title: "Late" }, expect: 7 },
      refused: "conflict",
    }),
    "to what it is": ({ project, todo }) => ({ input: { project, issue: todo[0], patch: { status: "open" } } }),
  },
  "issue.move": {
    "to the top": ({ project, todo }) => ({ input: { project, issue: todo[3], after: null } }),
    "to the bottom": ({ project, todo }) => ({ input: { project, issue: todo[0] } }),
    "below another": ({ project, todo }) => ({ input: { project, issue: todo[0], after: todo[2] } }),
    "above another in another stage": ({ project, todo, doing, stages }) => ({
      input: { project, issue: todo[3], stageId: stages[1], before: doing[1] },
    }),
    "of the only one": ({ project, done, stages }) => ({ input: { project, issue: done[0], stageId: stages[0] } }),
    "out of no stage": async (at) => ({ input: { ...(await unplaced(at)), stageId: at.stages[0], after: null } }),
    "to a stage over its limit that only warns": async (at) => {
      await limit(at, at.stages[1], 1, "warn");
      return { input: { project: at.project, issue: at.todo[0], stageId: at.stages[1] } };
    },
    "to a full stage": async (at) => {
      await limit(at, at.stages[1], 2);
      return { input: { project: at.project, issue: at.todo[0], stageId: at.stages[1] }, refused: "wip_exceeded" };
    },
    "within a full stage": async (at) => {
      await limit(at, at.stages[1], 1);
      return { input: { project: at.project, issue: at.doing[1], after: null } };
    },
    "that makes ranks too long": async ({ app, project, projectId, todo }) => {
      // As 240 moves into one gap would leave it.
      const rank = `a0${"V".repeat(39)}`;
      const ranks = `update issues set rank = $1 where project_id = $2 and number = $3`;
      await app.parts.database.pool.query(ranks, [rank, projectId, todo[0]]);
      await app.parts.database.pool.query(ranks, [`${rank}V`, projectId, todo[1]]);
      return { input: { project, issue: todo[3], after: todo[0] } };
    },
  },
  "issue.delete": {
    "of one between others": ({ project, todo }) => ({ input: { project, issue: todo[1] } }),
    "of the last one without a stage": async (at) => ({ input: await unplaced(at) }),
    "of a deleted one": async (at) => ({ input: await deleted(at, at.todo[0]), refused: "gone" }),
  },
  "issue.restore": {
    "to a stage that went on": async (at) => {
      const input = await deleted(at, at.todo[1]);
      await at.maker.ok("stage.update", { project: at.project, stageId: at.stages[0], patch: { status: "closed" } });
      return { input };
    },
    "when its stage is gone": async (at) => {
      const input = await deleted(at, at.done[0]);
      await at.maker.ok("stage.delete", { project: at.project, stageId: at.stages[2] });
      return { input };
    },
    "to a full stage": async (at) => {
      const input = await deleted(at, at.todo[1]);
      await limit(at, at.stages[0], 3);
      return { input, refused: "wip_exceeded" };
    },
  },
  "issue.purge": {
    "of one on the board": ({ project, todo }) => ({ input: { project, issue: todo[1] } }),
    "of one behind a window": ({ project, todo }) => ({ input: { project, issue: todo[3] } }),
  },
  "stage.update": {
    "of the status of all that stand in it": ({ project, stages }) => ({
      input: { project, stageId: stages[0], patch: { status: "closed" } },
    }),
    "to what it is": ({ project, stages }) => ({ input: { project, stageId: stages[0], patch: { name: "Todo" } } }),
  },
  "stage.reorder": {
    "to the order that it has": ({ project, stages }) => ({ input: { project, stageIds: [...stages] } }),
    "with issues that have no stage": async (at) => {
      await unplaced(at);
      return { input: { project: at.project, stageIds: [at.stages[1], at.stages[0]] } };
    },
  },
  "stage.delete": {
    "with issues, to another stage": ({ project, stages }) => ({
      input: { project, stageId: stages[0], moveTo: stages[1] },
    }),
    "with issues, to nowhere": ({ project, stages }) => ({ input: { project, stageId: stages[0] } }),
    "when it is empty": async ({ maker, project }) => {
      const { id } = await maker.ok("stage.create", { project, name: "Empty", status: "closed" });
      return { input: { project, stageId: id } };
    },
    "to a stage without room": async (at) => {
      await limit(at, at.stages[1], 5);
      return { input: { project: at.project, stageId: at.stages[0], moveTo: at.stages[1] }, refused: "wip_exceeded" };
    },
  },
  "project.update": {
    "of what issues are called by": ({ project }) => ({ input: { project, patch: { slug: "shop", key: "SHOP" } } }),
  },
  "project.join": {
    "by a member": ({ project, as }) => ({ input: { project }, actor: as.member }),
  },
  "project.leave": {
    "by a developer": ({ project, as }) => ({ input: { project }, actor: as.developer }),
    "by a guest": ({ project, as }) => ({ input: { project }, actor: as["guest developer"] }),
  },
  "project.addMember": {
    "of an admin of the organization": ({ project, as }) => ({
      input: { project, userId: as["org admin"].userId, role: "viewer" },
    }),
  },
  "project.setRole": {
    "of someone without one": ({ project, as }) => ({ input: { project, userId: as.member.userId, role: "viewer" } }),
    "of an admin of the organization, again": async ({ maker, project, as }) => {
      const { userId } = as["org admin"];
      await maker.ok("project.setRole", { project, userId, role: "viewer" });
      return { input: { project, userId, role: "developer" } };
    },
  },
  "project.removeMember": {
    "of a guest": ({ project, as }) => ({ input: { project, userId: as["guest admin"].userId } }),
  },
};
