/** Waiting items of several owners, who take turns. */
export function createQueue<Item>() {
  const lines = new Map<string, Item[]>();
  return {
    add(owner: string, item: Item): void {
      const line = lines.get(owner);
      if (line) line.push(item);
      else lines.set(owner, [item]);
    },
    /** The oldest item of the owner who waits longest since its last turn. */
    take(): Item | undefined {
      for (const [owner, line] of lines) {
        lines.delete(owner);
        const item = line.shift();
        if (line.length > 0) lines.set(owner, line);
        return item;
      }
      return undefined;
    },
    isEmpty: (): boolean => lines.size === 0,
  };
}
