import type { Input, SprintReport } from "../../../../protocol/index.ts";
import type { ProjectContext, ProjectScope } from "../../../kernel/context.ts";
import type { Db } from "../../../kernel/db.ts";
import { found } from "../../../kernel/errors.ts";
import { toHistory } from "../facts.ts";
import { addHistory, type History, type Span, startTally, type Tally, toFigures } from "../report.ts";
import { findOldest, type LoggedSprint, listForReport, readPlanEvents, readStandings } from "../repository/history.ts";

/** `kept`: the first seq of the log. What was pruned counts as if it had happened right before. */
function spanOf(sprint: LoggedSprint, { kept, now }: { kept: number; now: Date }): Span | undefined {
  const { id, state, startedAt, startedSeq, completedAt, completedSeq, endsAt } = sprint;
  if (startedAt === null) return undefined;
  return {
    sprintId: id,
    startedAt,
    startedSeq: startedSeq ?? kept - 1,
    until: completedAt ?? now.toISOString(),
    completedSeq: completedSeq ?? (state === "completed" ? kept - 1 : Number.POSITIVE_INFINITY),
    endsAt,
  };
}

async function* readHistories(db: Db, scope: Parameters<typeof readPlanEvents>[1]): AsyncGenerator<History> {
  const now = scope.pruned ? await readStandings(db, scope) : undefined;
  for await (const { number, events } of readPlanEvents(db, scope)) {
    yield toHistory(number, events, now?.get(number));
    now?.delete(number);
  }
  // Nothing happened to the others since the first event that is kept.
  for (const [number, standing] of now ?? []) yield toHistory(number, [], standing);
}

const notStarted = {
  committed: { issues: 0, estimate: 0 },
  completed: { issues: 0, estimate: 0 },
  burndown: [],
  scopeChanges: [],
  flow: [],
};

/** The tallies of these sprints by id, of those that have begun. */
async function tallySprints(
  db: Db,
  { project, sprints, kept, now }: { project: ProjectScope; sprints: LoggedSprint[]; kept: number; now: Date },
): Promise<Map<string, Tally>> {
  const spans = sprints.flatMap((sprint) => spanOf(sprint, { kept, now }) ?? []);
  const tallies = new Map(spans.map((span) => [span.sprintId, startTally(span)]));
  if (tallies.size === 0) return tallies;
  const scope = { project, sprintIds: [...tallies.keys()], pruned: kept > 1 };
  for await (const history of readHistories(db, scope)) {
    for (const tally of tallies.values()) addHistory(tally, history);
  }
  return tallies;
}

export async function reportSprint(ctx: ProjectContext, input: Input<"sprint.report">): Promise<SprintReport> {
  const { project } = ctx;
  const { sprintId: id } = input;
  return ctx.database.snapshot(async (db) => {
    const sprints = await listForReport(db, { project, id });
    const asked = found(
      sprints.find((sprint) => sprint.id === id),
      "Sprint",
    );
    const oldest = await findOldest(db, project.stream);
    const kept = oldest?.seq ?? 1;
    const tallies = await tallySprints(db, { project, sprints, kept, now: ctx.now() });

    const { createdAt, startedSeq: _, completedSeq: __, ...sprint } = asked;
    const tally = tallies.get(id);
    const velocity = sprints.flatMap(({ id: sprintId, name, state }) => {
      const past = state === "completed" ? tallies.get(sprintId) : undefined;
      if (!past) return [];
      const { committed, completed } = toFigures(past);
      return [{ sprintId, name, committed: committed.estimate, completed: completed.estimate }];
    });
    const countsFrom = oldest && kept > 1 && oldest.at > createdAt ? oldest.at : null;
    return { sprint, ...(tally ? toFigures(tally) : notStarted), velocity, countsFrom };
  });
}
