import { describe, expect, it } from 'vitest';
import { wireColours } from './palette.ts';
import { listPeople, readPerson } from './people.ts';

describe('the people present', () => {
  it('are everybody with presence: this tab first, then by name', () => {
    const states = new Map<number, unknown>([
      [1, { user: { name: 'Zoe', ...wireColours(2) } }],
      [2, { user: { name: 'Ada Lovelace', ...wireColours(1) } }],
      [3, { user: { name: 'Me Myself', ...wireColours(0) } }],
    ]);
    expect(listPeople(states, 3).map(({ name }) => name)).toEqual(['Me Myself', 'Ada Lovelace', 'Zoe']);
    expect(listPeople(states, 3)[0]).toEqual({
      client: 3,
      name: 'Me Myself',
      initials: 'MM',
      colour: 0,
      isSelf: true,
    });
  });

  it.each([null, 7, 'x', {}, { user: null }, { user: { name: 5 } }, { user: { name: ' \n' } }])(
    'includes somebody whose presence is %j',
    (state) => {
      expect(readPerson(9, state)).toMatchObject({ name: 'Anonymous', initials: 'A', client: 9 });
    },
  );

  it('takes whole characters for initials', () => {
    expect(readPerson(1, { user: { name: '🦦 otter' } }).initials).toBe('🦦O');
    expect(readPerson(1, { user: { name: 'ada' } }).initials).toBe('A');
  });
});
