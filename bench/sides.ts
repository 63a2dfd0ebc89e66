import { randomInt, randomUUID } from "node:crypto";
import { tokenOf } from "./people.ts";
import type { Server } from "./processes.ts";
import { projectRef, stageId } from "./seed.ts";
import { openWire, type Wire } from "./wire.ts";

/** A server under load, and what it is told: the bare one knows projects by number and no command ids. */
export type Side = {
  server: Server;
  join(project: number): { command: string; input: object };
  createIssue(project: number): object;
  moveIssue(project: number): object;
  /** Whether events come in the order of their numbers: bare emits in any order what two connections commit at once. */
  inOrder: boolean;
};

/** Moves are of the first issues, which every seeded project has. */
export const MOVED_ISSUES = 100;

const newIssue = () => ({ title: "Fix the cart after a reload, once and for all" });
const newPlace = (project: number) => ({
  issue: 1 + randomInt(MOVED_ISSUES),
  stageId: stageId(project, randomInt(3)),
  // On top or at the bottom.
  ...(randomInt(2) === 0 && { after: null }),
});

export function ourSide(server: Server, options: { commandIds: boolean }): Side {
  const about = (project: number) => ({
    project: projectRef(project),
    ...(options.commandIds && { commandId: randomUUID() }),
  });
  return {
    server,
    join: (project) => ({ command: "project.subscribe", input: { project: projectRef(project) } }),
    createIssue: (project) => ({ ...about(project), ...newIssue() }),
    moveIssue: (project) => ({ ...about(project), ...newPlace(project) }),
    inOrder: true,
  };
}

export const bareSide = (server: Server): Side => ({
  server,
  join: (project) => ({ command: "join", input: { project } }),
  createIssue: (project) => ({ project, ...newIssue() }),
  moveIssue: (project) => ({ project, ...newPlace(project) }),
  inOrder: false,
});

/** Sockets of users 1 to `count`; each joins the project that `homeOf` names, if any. */
export async function openClients(side: Side, count: number, homeOf?: (client: number) => number): Promise<Wire[]> {
  const open = async (client: number): Promise<Wire> => {
    const wire = await openWire({ port: side.server.port, token: tokenOf(client + 1) });
    if (homeOf) {
      const { command, input } = side.join(homeOf(client));
      await wire.ask(command, input);
    }
    return wire;
  };
  return Promise.all(Array.from({ length: count }, (_, client) => open(client)));
}

export const closeAll = (wires: Wire[]): void => {
  for (const wire of wires) wire.close();
};
