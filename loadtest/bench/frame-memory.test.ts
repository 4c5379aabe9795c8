import { describe, expect, it } from 'vitest';
import { FrameMemory } from './frame-memory.ts';

describe('the frame memory', () => {
  it('reads equal bytes once, from whatever buffer they come', () => {
    let reads = 0;
    const memory = new FrameMemory((frame) => {
      reads++;
      return frame.toString();
    });
    const reused = Buffer.from('a frame');
    expect(memory.contentOf(reused)).toBe('a frame');
    reused.write('overwritten', 0);
    expect(memory.contentOf(Buffer.from('a frame'))).toBe('a frame');
    expect(reads).toBe(1);
  });

  it('never takes different bytes for equal, also when everything it looks at first is the same', () => {
    const memory = new FrameMemory((frame) => frame.toString());
    const one = `A${'x'.repeat(100)}`;
    const other = `B${'x'.repeat(100)}`;
    expect(memory.contentOf(Buffer.from(one))).toBe(one);
    expect(memory.contentOf(Buffer.from(other))).toBe(other);
    expect(memory.contentOf(Buffer.from(one))).toBe(one);
  });
});
