import type { LinearTrace, Patch } from './editing-trace.ts';
import { type SeededRandom, seededRandom } from './seeded-random.ts';

export type SyntheticOptions = {
  /** Single-character edits; 260,000 unless told. */
  readonly edits?: number;
  /** 1 unless told; the same seed and number of edits give the same trace. */
  readonly seed?: number;
};

const LETTERS = 'eeeeeeettttttaaaaaoooooiiiiinnnnnssssshhhhrrrrddddllluuucccmmmwwfffggyyppbbvk';

/**
 * The trace of somebody who writes one long text alone: bursts of typing and of backspacing at a cursor that mostly
 * stays where it is, at times moves a little, and now and then jumps. About 70 % inserts and 30 % deletes, as in the
 * real long trace of josephg/editing-traces (`automerge-paper`: 182,315 and 77,463), which may be used by path instead.
 *
 * `endContent` comes from a plain gap buffer, so it is a check on Yjs and not a copy of its answer.
 */
export function syntheticTrace({ edits = 260_000, seed = 1 }: SyntheticOptions = {}): LinearTrace {
  const random = seededRandom(seed);
  const text = new GapBuffer();
  const patches: Patch[] = [];
  while (patches.length < edits) {
    if (random.chance(0.25)) text.moveTo(nextCursor(text, random));
    const burst = Math.min(1 + random.int(24), edits - patches.length);
    const backspaces = random.chance(0.3);
    for (let stroke = 0; stroke < burst; stroke += 1) {
      patches.push(backspaces && text.cursor > 0 ? backspace(text) : type(text, random));
    }
  }
  return { startContent: '', endContent: text.toString(), patches };
}

function nextCursor(text: GapBuffer, random: SeededRandom): number {
  if (random.chance(0.2)) return random.int(text.length + 1);
  const near = text.cursor + random.int(161) - 80;
  return Math.min(Math.max(near, 0), text.length);
}

function type(text: GapBuffer, random: SeededRandom): Patch {
  const character = random.chance(0.16)
    ? random.chance(0.05)
      ? '\n'
      : ' '
    : LETTERS.charAt(random.int(LETTERS.length));
  const patch: Patch = [text.cursor, 0, character];
  text.insert(character);
  return patch;
}

function backspace(text: GapBuffer): Patch {
  text.backspace();
  return [text.cursor, 1, ''];
}

/** Text as two stacks around the cursor: edits at the cursor cost nothing, moving it costs the distance. */
class GapBuffer {
  readonly #before: string[] = [];
  /** Reversed: its last element follows the cursor. */
  readonly #after: string[] = [];

  get cursor(): number {
    return this.#before.length;
  }

  get length(): number {
    return this.#before.length + this.#after.length;
  }

  moveTo(cursor: number): void {
    while (this.cursor > cursor) carry(this.#before, this.#after);
    while (this.cursor < cursor) carry(this.#after, this.#before);
  }

  insert(character: string): void {
    this.#before.push(character);
  }

  backspace(): void {
    this.#before.pop();
  }

  toString(): string {
    return this.#before.join('') + this.#after.toReversed().join('');
  }
}

function carry(from: string[], to: string[]): void {
  const character = from.pop();
  if (character !== undefined) to.push(character);
}
