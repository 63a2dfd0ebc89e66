/** How much of a quota is used; `limit` null: no limit. */
export type Room = { used: number; limit: number | null };

export const mayAdd = ({ used, limit }: Room): boolean => limit === null || used < limit;
