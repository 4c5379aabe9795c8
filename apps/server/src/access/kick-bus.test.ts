import { EmbeddedMessageBus } from '@kryton/engine/bus/embedded-message-bus.ts';
import { describe, expect, it } from 'vitest';
import { freshDoc } from '../testing/test-cluster.ts';
import type { Kick } from './kick.ts';
import { KICK_CHANNEL, KickBus } from './kick-bus.ts';

describe('the kick bus', () => {
  const warnings: { details: object; message: string }[] = [];
  const logger = { warn: (details: object, message: string) => void warnings.push({ details, message }) };
  const kicks: Kick[] = [
    { kind: 'session', sessionId: 's' },
    { kind: 'user', userId: 'u' },
    { kind: 'agent', agentId: 'a', tokenIds: ['t1', 't2'] },
    { kind: 'document', docId: freshDoc() },
  ];

  async function listening(bus: EmbeddedMessageBus): Promise<{ nodes: KickBus[]; heard: Kick[][] }> {
    const heard: Kick[][] = [[], []];
    const nodes = [new KickBus(bus, logger), new KickBus(bus, logger)];
    for (const [index, node] of nodes.entries()) {
      await node.listen({ kick: (kick) => void heard[index]?.push(kick), missed: () => {} });
    }
    return { nodes, heard };
  }

  it('tells every node, the sender too, each kind of kick', async () => {
    const { nodes, heard } = await listening(new EmbeddedMessageBus(() => {}));
    for (const kick of kicks) await nodes[0]?.send(kick);
    expect(heard).toEqual([kicks, kicks]);
  });

  it.each([
    'not JSON',
    'null',
    '{"kind":"everything"}',
    '{"kind":"session"}',
    '{"kind":"session","sessionId":"s","more":1}',
    '{"kind":"document","docId":"../x"}',
    '{"kind":"agent","agentId":"a","tokenIds":"t"}',
  ])('drops what is no kick, and says so without repeating it: %s', async (text) => {
    const bus = new EmbeddedMessageBus(() => {});
    const { nodes, heard } = await listening(bus);
    warnings.length = 0;
    await bus.publish(KICK_CHANNEL, Buffer.from(text));
    await nodes[0]?.send({ kind: 'user', userId: 'u' });
    expect(heard[1]).toEqual([{ kind: 'user', userId: 'u' }]);
    expect(warnings).toHaveLength(2);
    expect(JSON.stringify(warnings)).not.toContain(text);
  });

  it('tells its own node when the others cannot be told', async () => {
    const bus = new EmbeddedMessageBus(() => {});
    const { nodes, heard } = await listening(bus);
    await bus.close();
    await nodes[0]?.send({ kind: 'user', userId: 'u' });
    expect(heard).toEqual([[{ kind: 'user', userId: 'u' }], []]);
  });
});
