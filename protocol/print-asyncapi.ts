import { type CommandName, commands, events, pushes } from "./index.ts";
import { commandEntries, makeSchemas, schemaRef, typeName, usedSchemas } from "./print-schemas.ts";
import { scopeText } from "./scopes.ts";

type Json = Record<string, unknown>;
type Spec = (typeof commands)[CommandName];

const socketCommands = commandEntries.filter(([, spec]) => spec.access !== "public");
const eventEntries = Object.entries(events);
const streamKinds = ["project", "org", "user"] as const;

const fromEntries = <T>(entries: readonly T[], make: (entry: T) => readonly [string, unknown]): Json =>
  Object.fromEntries(entries.map(make));
const messageRef = (channel: string, name: string): Json => ({ $ref: `#/channels/${channel}/messages/${name}` });

function commandMessage(name: CommandName): Json {
  const spec: Spec = commands[name];
  return {
    name,
    summary: spec.summary,
    payload: schemaRef(`${typeName(name)}Input`),
    examples: [{ payload: spec.example }],
  };
}

const ackMessage = (name: CommandName): Json => ({
  name: `${name} ack`,
  summary: `The answer to \`${name}\`.`,
  payload: schemaRef(`${typeName(name)}Ack`),
});

/** Commands, their acks and the pushes all travel in the one namespace. */
const socketChannel = {
  address: "/",
  title: "The Socket.IO namespace",
  description: "A message's name is its Socket.IO event name; a command's answer comes in its acknowledgement.",
  messages: {
    ...fromEntries(socketCommands, ([name]) => [name, commandMessage(name)]),
    ...fromEntries(socketCommands, ([name]) => [`${name}.ack`, ackMessage(name)]),
    failure: { name: "failure", summary: "The answer to a refused command.", payload: schemaRef("Failure") },
    ...fromEntries(Object.entries(pushes), ([name, { summary }]) => [
      `push.${name}`,
      { name, summary, payload: schemaRef(`${typeName(name)}Push`) },
    ]),
  },
};

const eventsOf = (kind: (typeof streamKinds)[number]) =>
  eventEntries.filter(([, { streams }]) => (streams as readonly string[]).includes(kind));

const streamChannel = (kind: (typeof streamKinds)[number]): Json => ({
  address: `${kind}:{id}`,
  title: `The ${kind} stream`,
  description: `Numbered events, inside \`events\` messages, for whoever sent \`${kind}.subscribe\`.`,
  parameters: { id: { description: `UUID of the ${kind}.` } },
  messages: fromEntries(eventsOf(kind), ([type, { summary }]) => [
    type,
    { name: type, summary, payload: schemaRef(`${typeName(type)}Event`) },
  ]),
});

function commandOperation(name: CommandName): Json {
  const spec: Spec = commands[name];
  return {
    action: "receive",
    channel: { $ref: "#/channels/socket" },
    summary: spec.summary,
    description: `Access \`${spec.access}\`. API keys: ${scopeText(name)}.`,
    tags: [{ name: name.slice(0, name.indexOf(".")) }],
    messages: [messageRef("socket", name)],
    reply: {
      channel: { $ref: "#/channels/socket" },
      messages: [messageRef("socket", `${name}.ack`), messageRef("socket", "failure")],
    },
    ...(spec.emits.length > 0 && { "x-emits": spec.emits }),
  };
}

const pushOperation = (name: string, summary: string): Json => ({
  action: "send",
  channel: { $ref: "#/channels/socket" },
  summary,
  messages: [messageRef("socket", `push.${name}`)],
});

const streamOperation = (kind: (typeof streamKinds)[number]): Json => ({
  action: "send",
  channel: { $ref: `#/channels/${kind}` },
  summary: `What happens in a ${kind} stream.`,
  messages: eventsOf(kind).map(([type]) => messageRef(kind, type)),
});

const operations = {
  ...fromEntries(socketCommands, ([name]) => [name, commandOperation(name)]),
  ...fromEntries(Object.entries(pushes), ([name, { summary }]) => [`push.${name}`, pushOperation(name, summary)]),
  ...fromEntries(streamKinds, (kind) => [`stream.${kind}`, streamOperation(kind)]),
};

/** The AsyncAPI 3.0 document of the sockets, from the server's side: it receives commands and sends pushes. */
export function asyncapi(version: string): Json {
  const channels = { socket: socketChannel, ...fromEntries(streamKinds, (kind) => [kind, streamChannel(kind)]) };
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Rhythm",
      version,
      description: "Commands, events and pushes over Socket.IO 4, websocket only.",
      license: { name: "MIT" },
    },
    defaultContentType: "application/json",
    servers: {
      rhythm: {
        host: "localhost:3000",
        pathname: "/socket.io",
        protocol: "ws",
        description: 'Socket.IO 4: `io(url, { transports: ["websocket"], auth: { token } })`.',
        security: [{ $ref: "#/components/securitySchemes/token" }],
      },
    },
    channels,
    operations,
    components: {
      schemas: usedSchemas(makeSchemas("draft-07"), channels),
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "An access token or an API key, as `auth.token`." },
      },
    },
  };
}
