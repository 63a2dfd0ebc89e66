import type { Client } from "./client.ts";

/** What `act` wrote to a stream: types and data, as pulled. */
export async function eventsOf(
  client: Client,
  stream: string,
  act: () => Promise<unknown>,
): Promise<{ type: string; data: Record<string, unknown> }[]> {
  const { head } = await client.ok("sync.pull", { stream, after: 0, limit: 1 });
  await act();
  const { events } = await client.ok("sync.pull", { stream, after: head });
  return events.map(({ type, data }) => ({ type, data }));
}
