import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { repeatWhileVisible, type Visibility } from './while-visible.ts';

describe('repeatWhileVisible', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('asks while the page is shown, at once when it is shown again, and no more when it is gone', async () => {
    const target = new EventTarget();
    let visibilityState: DocumentVisibilityState = 'visible';
    const page = {
      get visibilityState() {
        return visibilityState;
      },
      addEventListener: target.addEventListener.bind(target),
      removeEventListener: target.removeEventListener.bind(target),
    } as Visibility;
    const turn = (state: DocumentVisibilityState) => {
      visibilityState = state;
      target.dispatchEvent(new Event('visibilitychange'));
    };
    let [runs, isWanted] = [0, true];
    const task = async () => {
      runs += 1;
    };
    repeatWhileVisible(task, 2_000, () => isWanted, page);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(runs).toBe(3);
    turn('hidden');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(runs).toBe(3);
    turn('visible');
    await vi.advanceTimersByTimeAsync(0);
    expect(runs).toBe(4);
    isWanted = false;
    await vi.advanceTimersByTimeAsync(60_000);
    turn('visible');
    expect(runs).toBe(4);
  });
});
