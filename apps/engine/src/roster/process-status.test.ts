import { describe, expect, it } from 'vitest';
import { decodeStatus, encodeStatus } from './process-status.ts';
import { aNode, aWorker } from './roster.contract.ts';

describe('the status of a process', () => {
  it('is read as it was written', () => {
    for (const status of [aNode('node-1'), aWorker('worker-1')])
      expect(decodeStatus(encodeStatus(status))).toEqual(status);
  });

  it('of another version is read as far as it is understood', () => {
    const { figures, ...head } = aNode('node-1');
    const { appendMs, ...fewer } = figures;
    const later = { ...head, state: 'resting', figures: { ...fewer, moons: 3, upMs: 'long' }, mood: 'fine' };
    expect(appendMs).toBe(0.25);
    expect(decodeStatus(JSON.stringify(later))).toEqual({
      ...head,
      state: 'unknown',
      figures: { ...figures, appendMs: null, upMs: null },
    });
  });

  it.each(['', '[]', 'null', '{"kind":"node"}', '{"id":"a","name":"b","version":"c","kind":"moon"}'])(
    '%j is none',
    (text) => {
      expect(decodeStatus(text)).toBeNull();
    },
  );
});
