import { beforeEach, describe, expect, it } from 'vitest';
import { ManualTime } from '../saving/testing/manual-time.ts';
import { KeptTitle, TITLE_DELAY_MS } from './kept-title.ts';

let time: ManualTime;
let saved: string[];
let answer: () => Promise<void>;
let title: KeptTitle;

beforeEach(() => {
  time = new ManualTime();
  saved = [];
  answer = async () => {};
  const save = (text: string) => {
    saved.push(text);
    return answer();
  };
  title = new KeptTitle({ stored: 'Old', save, after: time.after });
});

describe('the title in the list', () => {
  it('is stored once the first line rests, however many keys it took', () => {
    title.changed('N', true);
    time.advance(TITLE_DELAY_MS - 1);
    title.changed('Ne', true);
    time.advance(TITLE_DELAY_MS - 1);
    title.changed('New', true);
    expect(saved).toEqual([]);
    time.advance(TITLE_DELAY_MS);
    expect(saved).toEqual(['New']);
  });

  it('rests although the text below goes on', () => {
    title.changed('New', true);
    time.advance(TITLE_DELAY_MS - 1);
    title.changed('New', true);
    title.changed('New', false);
    time.advance(1);
    expect(saved).toEqual(['New']);
  });

  it('is left to the tab that wrote it', () => {
    title.changed('Theirs', false);
    time.advance(TITLE_DELAY_MS);
    title.changed('Mine', true);
    title.changed('Theirs again', false);
    time.advance(TITLE_DELAY_MS);
    expect(saved).toEqual([]);
  });

  it('is not stored when it came back to what it was, nor twice', () => {
    title.changed('New', true);
    title.changed('Old', true);
    time.advance(TITLE_DELAY_MS);
    expect(saved).toEqual([]);
    title.changed('New', true);
    time.advance(TITLE_DELAY_MS);
    title.changed('New', true);
    time.advance(TITLE_DELAY_MS);
    expect(saved).toEqual(['New']);
  });

  it('is tried again at the next edit when the server did not take it', async () => {
    answer = () => Promise.reject(new Error('away'));
    title.changed('New', true);
    time.advance(TITLE_DELAY_MS);
    await Promise.resolve();
    await Promise.resolve();
    title.changed('New', true);
    time.advance(TITLE_DELAY_MS);
    expect(saved).toEqual(['New', 'New']);
  });
});
