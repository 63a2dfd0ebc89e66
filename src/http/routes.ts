import express, { type Request, type RequestHandler, type Response, type Router } from "express";
import { type Ack, type CommandName, commands, isCommandName } from "../../protocol/index.ts";
import { answersBareData, type Route, routes } from "../../protocol/routes.ts";
import type { Request as CommandRequest } from "../commands/execute.ts";
import { AppError } from "../kernel/errors.ts";
import { type AdmitParts, createAdmission, originOf } from "./admit.ts";
import { sendAnswer } from "./answer.ts";
import { readBody } from "./body.ts";
import { createInputReader, readFields, withCommandId } from "./input.ts";
import { requestIdOf } from "./request-context.ts";

export type CommandParts = AdmitParts & { execute: (request: CommandRequest) => Promise<Ack> };

/** Their input holds what only an account's owner knows: when it is right, they come from no stranger. */
const bearers: readonly CommandName[] = ["auth.login", "auth.verifyOtp", "auth.refresh", "auth.validate"];

/** `/stages/{stageId}` in the notation of Express. */
const expressPath = ({ path }: Route): string => path.replaceAll(/\{(\w+)\}/g, ":$1");

/** The handler of the command that the path names; an unknown one is refused without reading. */
function byName(make: (name: CommandName) => RequestHandler): RequestHandler<{ name: string }> {
  const made = new Map<string, RequestHandler>();
  for (const [name, { access }] of Object.entries(commands)) {
    if (isCommandName(name) && access !== "public") made.set(name, make(name));
  }
  return (req, res, next) => {
    const { name } = req.params;
    const handle = made.get(name);
    if (!handle) throw new AppError("not_found", `There is no command ${JSON.stringify(name.slice(0, 60))}`);
    return handle(req, res, next);
  };
}

const verbs = { GET: "get", POST: "post", PUT: "put", PATCH: "patch", DELETE: "delete" } as const;

export function createCommandRoutes({ execute, authenticate, limits }: CommandParts): Router {
  const router = express.Router();
  const { admit, callerOf, vouch } = createAdmission({ authenticate, limits });

  async function ask(req: Request, res: Response, name: CommandName, input: object): Promise<Ack> {
    const requestId = requestIdOf(res);
    const ack = await execute({ name, input, caller: callerOf(req), requestId, origin: originOf(req) });
    if (ack.ok && bearers.includes(name)) await vouch(req);
    return ack;
  }

  const answer =
    (name: CommandName): RequestHandler =>
    async (req, res) => {
      sendAnswer(res, name, await ask(req, res, name, withCommandId(readFields(req), name, req)));
    };
  router.post("/commands/:name", byName(admit), byName(readBody), byName(answer));

  for (const route of routes) {
    const name = route.command;
    const readInput = createInputReader(route);
    const form = answersBareData(route) ? "data" : "ack";
    router[verbs[route.method]](
      expressPath(route),
      admit(name),
      readBody(name),
      async (req: Request, res: Response) => {
        sendAnswer(res, name, await ask(req, res, name, readInput(req)), form);
      },
    );
  }
  return router;
}
