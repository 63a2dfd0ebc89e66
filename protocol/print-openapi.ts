import { type ErrorCode, errorCodes } from "./index.ts";
import { commandOperation, type Json, json, noun, routeOperation } from "./print-openapi-operations.ts";
import { serverPaths } from "./print-openapi-server.ts";
import { commandEntries, makeSchemas, type Schemas, schemaRef, usedSchemas } from "./print-schemas.ts";
import { routes } from "./routes.ts";

/** The responses that the paths refer to. */
function usedResponses(paths: Json): Json {
  const names = [...JSON.stringify(paths).matchAll(/#\/components\/responses\/([\w.]+)/g)].flatMap(
    ([, name]) => name ?? [],
  );
  return Object.fromEntries(
    [...new Set(names)].sort().map((name) => {
      const codes = name.split(".") as ErrorCode[];
      const description = codes.map((code) => `\`${code}\`: ${errorCodes[code].summary}`).join(" ");
      return [name, { description, content: json(schemaRef("Failure")) }];
    }),
  );
}

function makePaths(schemas: Schemas): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = `/api/v1${route.path}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: routeOperation(route, schemas) };
  }
  for (const [name, spec] of commandEntries) {
    if (spec.access === "public" || "connection" in spec) continue;
    paths[`/api/v1/commands/${name}`] = { post: commandOperation(name) };
  }
  return { ...paths, ...serverPaths };
}

/** The OpenAPI 3.1 document of the HTTP door. */
export function openapi(version: string): Json {
  const schemas = makeSchemas("draft-2020-12");
  const paths = makePaths(schemas);
  const shared = {
    parameters: {
      IdempotencyKey: {
        name: "Idempotency-Key",
        in: "header",
        description: "The `commandId`: the same id and input are applied once, and answered the same again.",
        schema: { type: "string", format: "uuid" },
      },
    },
    responses: usedResponses(paths),
    securitySchemes: {
      bearer: { type: "http", scheme: "bearer", description: "An access token or an API key." },
    },
  };
  return {
    openapi: "3.1.0",
    info: {
      title: "Rhythm",
      version,
      description:
        "Every command of the socket over HTTP: by its name, or by a resource route. Each answer carries `x-request-id`.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    tags: [...new Set(commandEntries.map(([name]) => noun(name))), "server"].map((name) => ({ name })),
    security: [{ bearer: [] }],
    paths,
    components: { schemas: usedSchemas(schemas, [paths, shared]), ...shared },
  };
}
