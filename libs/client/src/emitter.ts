/** Listeners by event name; what a listener throws surfaces as an uncaught error, not in our way. */
export class Emitter<Events extends object> {
  private readonly listeners = new Map<keyof Events, Set<(payload: never) => void>>();

  /** @returns what takes the listener off again */
  on<E extends keyof Events>(event: E, listener: (payload: Events[E]) => void): () => void {
    let set = this.listeners.get(event);
    if (set === undefined) this.listeners.set(event, (set = new Set()));
    set.add(listener);
    return () => set.delete(listener);
  }

  emit<E extends keyof Events>(event: E, payload: Events[E]): void {
    for (const listener of this.listeners.get(event) ?? []) {
      guarded(() => (listener as (p: Events[E]) => void)(payload));
    }
  }
}

/** Runs an application's callback: its exception is the application's, thrown where it cannot harm us. */
function guarded<T>(callback: () => T): T | undefined {
  try {
    return callback();
  } catch (error) {
    rethrowLater(error);
    return undefined;
  }
}

export function rethrowLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
