import { demoPassword, demoUsers } from "./demo.ts";
import type { Config } from "./kernel/config.ts";
import { version } from "./kernel/package-root.ts";

type Started = { address: string; config: Config; embedded: boolean; seconds: number };

/** What someone who started the server wants to know next: at most 12 lines. */
export function bannerText({ address, config, embedded, seconds }: Started): string {
  const data = embedded ? `embedded Postgres in ${config.DATA_DIR}` : "Postgres at DATABASE_URL";
  const lines = [
    "",
    `rhythm ${version}   ready in ${seconds.toFixed(1)} s   ${data}`,
    `  Server    ${address}   (Socket.IO at /socket.io, websocket only)`,
    `  Board     GET ${address}/api/v1/orgs/{org}/projects/{project}/board, or board.get over a socket`,
    ...(config.SEED_DEMO ? ["  Demo      project demo/web; sign in as"] : []),
    ...(config.SEED_DEMO
      ? demoUsers.map(({ email, name, role }) => `              ${email} / ${demoPassword(name)}   ${role}`)
      : []),
    `  Docs      ${address}/docs/socket   /docs/rest   /api/v1/docs/openapi.json   /api/v1/docs/asyncapi.json`,
    `  Health    ${address}/readyz   /livez   /metrics`,
    "",
  ];
  return `${lines.join("\n")}\n`;
}
