import type { HeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import { type CheckedUpdate, checkUpdate } from '@kryton/engine/protocol/update-guard.ts';
import { TRUSTED_UPDATE_LIMITS } from '@kryton/engine/protocol/update-limits.ts';
import type { BaseState } from './base-state.ts';

/**
 * What this node still holds of a document (`held`) and the stores lack (`base`) after the log was lost (LOG3). The
 * clients bring back what they have; this brings back what was acknowledged to those who are gone. The delete set is
 * always whole. Rejects when the work cannot be done in a thread.
 */
export async function lostEntries(
  heavy: HeavyWork,
  held: BaseState,
  base: BaseState,
): Promise<CheckedUpdate> {
  const whole = await heavy.mergeMany([held.state, ...held.tail.map(({ update }) => update)]);
  return checkUpdate(await heavy.diff(whole, base.encodedStateVector()), TRUSTED_UPDATE_LIMITS);
}
