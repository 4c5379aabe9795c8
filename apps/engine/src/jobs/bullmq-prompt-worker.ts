import { Worker } from 'bullmq';

/**
 * How long a worker waits for a signal before it looks for itself, in s. The signal for a new job wakes one worker only,
 * and it may be one that is frozen, or whose machine is gone without a word while its connection stands: BullMQ's own
 * limits (5 s, and 10 s when it knows of a later job) would keep the job waiting for so long (SNAP5). Measured together
 * with the check for stalled jobs, each once a second: an idle worker costs Redis 2 ms of CPU a second.
 */
export const LOOK_EVERY_S = 1;

/** A BullMQ worker that never sleeps longer than {@link LOOK_EVERY_S}. Its option `drainDelay` is to be the same. */
export class PromptWorker<Data> extends Worker<Data> {
  override get maximumBlockTimeout(): number {
    return LOOK_EVERY_S;
  }
}
