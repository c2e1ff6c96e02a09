import { LRUCache } from "lru-cache";

const MOST_KEPT = 10_000;
/** Who asks the same within so many milliseconds of the first shares its answer, in crowds of so many. */
const WINDOW_MS = 10;
const MOST_SHARING = 50;

interface Flight {
  answer: Promise<unknown>;
  begun: number;
  sharing: number;
}

export interface Shared<T> {
  value: T;
  /** Milliseconds since the answer was got. */
  ageMs: number;
}

/**
 * Answers that many ask for: identical questions are asked once while an answer is on its way,
 * and for a while afterwards the answer is given again, with its age.
 */
export class SharedAnswers {
  private readonly flights = new Map<string, Flight>();
  private readonly kept: LRUCache<string, { value: object; at: number }>;

  /** @param keptMs how old an answer may be, in milliseconds */
  constructor(
    private readonly keptMs: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.kept = new LRUCache({ max: MOST_KEPT });
  }

  /** @param fresh whether only an answer will do that was not got before */
  async get<T extends object>(
    key: string,
    fresh: boolean,
    load: () => Promise<T>,
  ): Promise<Shared<T>> {
    const now = this.now();
    const kept = this.kept.get(key);
    if (kept !== undefined && now - kept.at < (fresh ? WINDOW_MS : this.keptMs)) {
      return { value: kept.value as T, ageMs: Math.round(now - kept.at) };
    }
    let flight = this.flights.get(key);
    if (flight === undefined || flight.sharing >= MOST_SHARING) {
      flight = { answer: load(), begun: now, sharing: 0 };
      this.flights.set(key, flight);
      this.keep(key, flight);
    }
    flight.sharing++;
    return { value: (await flight.answer) as T, ageMs: 0 };
  }

  private keep(key: string, flight: Flight): void {
    const over = (): void => {
      if (this.flights.get(key) === flight) this.flights.delete(key);
    };
    flight.answer.then((value) => {
      this.kept.set(key, { value: value as object, at: this.now() });
      over();
    }, over);
  }
}
