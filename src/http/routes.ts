import express, { type Request, type RequestHandler, type Response, type Router } from "express";
import { type Ack, commands, isCommandName } from "../../protocol/index.ts";
import { answersBareData, type Route, routes } from "../../protocol/routes.ts";
import type { Request as CommandRequest } from "../commands/execute.ts";
import type { Caller } from "../kernel/context.ts";
import { AppError } from "../kernel/errors.ts";
import { sendAnswer } from "./answer.ts";
import { readBody } from "./body.ts";
import { createInputReader, readFields, withCommandId } from "./input.ts";
import { requestIdOf } from "./request-context.ts";

export type CommandParts = {
  execute: (request: CommandRequest) => Promise<Ack>;
  authenticate: (token: string) => Promise<Caller>;
};

/** The token of the Authorization header; undefined without one. */
function tokenOf(req: Request): string | undefined {
  const header = req.get("authorization");
  if (!header) return undefined;
  const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
  if (token === undefined) throw new AppError("unauthenticated", "Send Authorization: Bearer <token>");
  return token;
}

/** `/stages/{stageId}` in the notation of Express. */
const expressPath = ({ path }: Route): string => path.replaceAll(/\{(\w+)\}/g, ":$1");

/** The body of the command that the path names; an unknown one is refused without reading. */
function readBodyByName(): RequestHandler<{ name: string }> {
  const readers = new Map<string, RequestHandler>();
  for (const name of Object.keys(commands)) if (isCommandName(name)) readers.set(name, readBody(name));
  return (req, res, next) => {
    const read = readers.get(req.params.name);
    if (read) read(req, res, next);
    else next();
  };
}

const verbs = { GET: "get", POST: "post", PUT: "put", PATCH: "patch", DELETE: "delete" } as const;

export function createCommandRoutes({ execute, authenticate }: CommandParts): Router {
  const router = express.Router();

  const callerOf = async (req: Request): Promise<Caller | undefined> => {
    const token = tokenOf(req);
    return token === undefined ? undefined : authenticate(token);
  };

  router.post("/commands/:name", readBodyByName(), async (req, res) => {
    const { name } = req.params;
    if (!isCommandName(name) || commands[name].access === "public") {
      throw new AppError("not_found", `There is no command ${JSON.stringify(name.slice(0, 60))}`);
    }
    const caller = await callerOf(req);
    const input = withCommandId(readFields(req), name, req);
    sendAnswer(res, name, await execute({ name, input, caller, requestId: requestIdOf(res) }));
  });

  for (const route of routes) {
    const name = route.command;
    const readInput = createInputReader(route);
    const form = answersBareData(route) ? "data" : "ack";
    // An expired token must not keep anyone from signing in again.
    const isPublic = commands[name].access === "public";
    router[verbs[route.method]](expressPath(route), readBody(name), async (req: Request, res: Response) => {
      const caller = isPublic ? undefined : await callerOf(req);
      const ack = await execute({ name, input: readInput(req), caller, requestId: requestIdOf(res) });
      sendAnswer(res, name, ack, form);
    });
  }
  return router;
}
