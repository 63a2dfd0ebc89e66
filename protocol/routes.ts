import { type CommandName, commands } from "./index.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** An HTTP route of the catalogue, below `/api/v1`. */
export type Route = { method: Method; path: string; command: CommandName; parameters: readonly string[] };

export const inputFields = (command: CommandName): readonly string[] => Object.keys(commands[command].input.shape);

/** `{org}` and `{project}` of a path fill one field of the input: `project: "acme/web"`. */
export const joinsProject = ({ command, parameters }: Route): boolean =>
  parameters.includes("org") && parameters.includes("project") && inputFields(command).includes("project");

/** The fields of the input that the path fills. */
export const pathFields = (route: Route): readonly string[] =>
  joinsProject(route) ? route.parameters.filter((name) => name !== "org") : route.parameters;

/** HTTP status of success. */
export function successStatus(command: CommandName): number {
  const spec = commands[command];
  return "status" in spec ? spec.status : 200;
}

/** The routes of `auth.*` answer without the envelope, as sign-in libraries expect it. */
export const answersBareData = ({ command }: Route): boolean => command.startsWith("auth.");

/** Sorts `/stages/order` before `/stages/{stageId}`: a tilde comes after all letters. */
const sortKey = ({ path, method }: Route): string => `${path.replaceAll(/\{\w+\}/g, "~")} ${method}`;

function toRoute(command: CommandName, http: string): Route {
  const [method, path] = http.split(" ") as [Method, string];
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].flatMap(([, name]) => name ?? []);
  return { method, path, command, parameters };
}

/** Every route, the ones with fixed words before those with a parameter in the same place. */
export const routes: readonly Route[] = Object.entries(commands)
  .flatMap(([name, spec]) => ("http" in spec ? [toRoute(name as CommandName, spec.http)] : []))
  .sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
