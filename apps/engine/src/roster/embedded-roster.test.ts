import { EmbeddedRoster } from './embedded-roster.ts';
import { describeRoster } from './roster.contract.ts';

describeRoster('embedded', async () => {
  let nowMs = 1_000;
  const roster = new EmbeddedRoster(() => nowMs);
  return {
    roster,
    other: roster,
    pass: async (ms) => {
      nowMs += ms;
    },
    stop: () => roster.close(),
  };
});
