import { EmbeddedSharedCounters } from './embedded-shared-counters.ts';
import { describeSharedCounters } from './shared-counters.contract.ts';

describeSharedCounters('embedded', async () => {
  let nowMs = 1_000;
  const counters = new EmbeddedSharedCounters(() => nowMs);
  return {
    counters,
    other: counters,
    pass: async (ms) => {
      nowMs += ms;
    },
    stop: () => counters.close(),
  };
});
