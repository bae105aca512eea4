/** Events of a test in the order they came, and a way to wait for one without sleeping. */

export class RecordedEvents<Event> {
  readonly all: Event[] = [];
  private readonly waiting = new Set<() => void>();

  push(event: Event): void {
    this.all.push(event);
    for (const look of this.waiting) look();
  }

  count(matches: (event: Event) => boolean): number {
    return this.all.filter(matches).length;
  }

  /** Resolves with the event once `count` events match. The test's own timeout is what ends it otherwise. */
  until(matches: (event: Event) => boolean, count = 1): Promise<Event> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.all.filter(matches);
        if (found.length < count) return;
        this.waiting.delete(look);
        resolve(found[count - 1]!);
      };
      this.waiting.add(look);
      look();
    });
  }
}
