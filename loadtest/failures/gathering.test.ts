import { expect, it } from 'vitest';
import * as Y from 'yjs';
import type { FailingSystem } from './failing-system.ts';
import type { FailureClient } from './failure-client.ts';
import { Gathering } from './gathering.ts';
import { textOf } from './tokens.ts';

/** Clients that are connected by hand: {@link deliver} brings one's document to another. */
function system(acknowledges: boolean) {
  const acknowledged = new Set<string>();
  const open: FailingSystem['open'] = (_node, _docId, name) => {
    const doc = new Y.Doc();
    const typed = new Set<string>();
    return {
      ...{ name, doc, typed, isSynced: true, acknowledged: acknowledges ? acknowledged : null },
      type() {
        typed.add(`[${name}]`);
        textOf(doc).insert(0, `[${name}]`);
      },
      close: () => doc.destroy(),
    };
  };
  return { gathering: new Gathering({ open }, 'doc'), acknowledged };
}

function deliver(from: FailureClient, to: FailureClient): void {
  Y.applyUpdate(to.doc, Y.encodeStateAsUpdate(from.doc));
}

it('takes for acknowledged what the author was told, also when the author has left', async () => {
  const { gathering, acknowledged } = system(true);
  const [one, other] = [await gathering.join(0, 'one'), await gathering.join(1, 'other')];
  one.type();
  deliver(one, other);
  expect([...gathering.acknowledged]).toEqual([]);
  acknowledged.add('[one]');
  gathering.leave(one);
  other.type();
  expect([...gathering.acknowledged]).toEqual(['[one]']);
  expect([...gathering.typed]).toEqual(['[one]', '[other]']);
});

it('takes for acknowledged what another client has, where nobody is told anything', async () => {
  const { gathering } = system(false);
  const [one, other] = [await gathering.join(0, 'one'), await gathering.join(1, 'other')];
  one.type();
  other.type();
  expect(gathering.areAlike()).toBe(false);
  deliver(one, other);
  expect([...gathering.acknowledged]).toEqual(['[one]']);
  expect(gathering.areAlike()).toBe(false);
  deliver(other, one);
  expect(gathering.areAlike()).toBe(true);
});
