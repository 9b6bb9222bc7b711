/**
 * Yields the items that work reports while it lasts, and returns its result. The work continues if the items are not
 * read any more: it has a signal of its own.
 * @param work reports each item to the function that it gets
 */
export async function* followWork<Item, Result>(
  work: (tell: (item: Item) => void) => Promise<Result>,
): AsyncGenerator<readonly Item[], Result, void> {
  let items: Item[] = [];
  let isOver = false;
  let wake: () => void = () => undefined;
  const tell = (item: Item): void => {
    items.push(item);
    wake();
  };
  const end = (): void => {
    isOver = true;
    wake();
  };
  const working = work(tell);
  working.then(end, end);
  for (;;) {
    if (items.length > 0) {
      const told = items;
      items = [];
      yield told;
    } else if (isOver) return working;
    else {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
}
