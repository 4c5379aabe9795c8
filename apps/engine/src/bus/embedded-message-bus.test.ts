import { EmbeddedMessageBus } from './embedded-message-bus.ts';
import { describeMessageBus } from './message-bus.contract.ts';

describeMessageBus('embedded', async () => {
  const errors: unknown[] = [];
  const bus = new EmbeddedMessageBus((error) => errors.push(error));
  return { bus, other: bus, errors, stop: () => bus.close() };
});
