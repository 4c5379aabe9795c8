import type { Timers } from '@kryton/engine/lifecycle/timers.ts';

/** So that one slow answer does not hold up all that follow. */
const MAX_UNDER_WAY = 2;
/** Of one batch: its answer is handed on in one go. */
const MAX_BATCH = 1_000;

type Question<Item, Answer> = {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Makes one batch of what is asked in one turn of the event loop. While {@link MAX_UNDER_WAY} are under way the next
 * one waits and grows, so that a slow store makes batches larger and not more.
 */
export class Gathered<Item, Answer> {
  readonly #timers: Timers;
  readonly #answerAll: (items: readonly Item[]) => Promise<Answer[]>;
  #waiting: Question<Item, Answer>[] = [];
  #underWay = 0;
  #isScheduled = false;

  /** `answerAll` answers in the order asked. */
  constructor(timers: Timers, answerAll: (items: readonly Item[]) => Promise<Answer[]>) {
    this.#timers = timers;
    this.#answerAll = answerAll;
  }

  ask(item: Item): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#underWay >= MAX_UNDER_WAY || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    this.#timers.soon(() => {
      this.#isScheduled = false;
      void this.#run(this.#waiting.splice(0, MAX_BATCH));
      this.#schedule();
    });
  }

  async #run(batch: readonly Question<Item, Answer>[]): Promise<void> {
    this.#underWay++;
    try {
      const answers = await this.#answerAll(batch.map(({ item }) => item));
      batch.forEach(({ resolve }, index) => {
        // As many answers as questions, by the contract of `answerAll`.
        resolve(answers[index] as Answer);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.#underWay--;
      this.#schedule();
    }
  }
}
