import { useSyncExternalStore } from 'react';

/** What the pointer is on: a span, or a line of one at its moment. */
export interface Hovered {
  readonly spanId: string;
  readonly timeUs?: number;
}

/** What the pointer is on, for the parts that show it alone: a waterfall is too large to be drawn again at each move. */
export class Hover {
  #hovered: Hovered | undefined;
  readonly #listeners = new Set<() => void>();

  readonly set = (hovered: Hovered | undefined): void => {
    this.#hovered = hovered;
    for (const listener of this.#listeners) listener();
  };

  readonly get = (): Hovered | undefined => this.#hovered;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

/** A part of what the pointer is on; whoever asks is drawn again when that changes. */
export function useHovered<T>(hover: Hover, select: (hovered: Hovered | undefined) => T): T {
  return useSyncExternalStore(hover.subscribe, () => select(hover.get()));
}
