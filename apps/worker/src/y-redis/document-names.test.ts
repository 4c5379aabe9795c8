import { describe, expect, it } from 'vitest';
import { DocumentNames } from './document-names.ts';
import { type ImportArguments, parseImportArguments } from './import-arguments.ts';

const argumentsOf = (...words: string[]): ImportArguments =>
  parseImportArguments(['--from', 'redis://old:6379', ...words]);
const namesOf = (...words: string[]) => new DocumentNames(argumentsOf(...words));
const idFor = (names: DocumentNames, name: string) => {
  const named = names.documentFor(name);
  return named.kind === 'document' ? named.docId : named.reason;
};

describe('DocumentNames', () => {
  it('keeps names that are document ids', () => {
    expect(idFor(namesOf(), 'plain_Name-1')).toBe('plain_Name-1');
  });

  it('leaves out other names unless told what to do with them', () => {
    expect(idFor(namesOf(), 'room/1')).toContain('use --map or --rename base64url');
    expect(idFor(namesOf('--map', 'room/1=room-1'), 'room/1')).toBe('room-1');
    expect(idFor(namesOf('--rename', 'base64url'), 'room/1')).toBe('b64-cm9vbS8x');
    expect(idFor(namesOf('--rename', 'base64url'), `room/${'x'.repeat(41)}`)).toContain('too long');
  });

  it('finds the name of a document of ours again', () => {
    const names = namesOf('--rename', 'base64url', '--map', 'a b=c');
    for (const name of ['room/1', 'Übung', 'a b', 'plain']) {
      const named = names.documentFor(name);
      if (named.kind !== 'document') throw new Error(named.reason);
      expect(names.nameFor(named.docId)).toBe(name);
      const fresh = namesOf('--rename', 'base64url', '--map', 'a b=c');
      expect(fresh.nameFor(named.docId)).toBe(name);
    }
  });

  it('never gives one id to two names', () => {
    const names = namesOf('--map', 'room/1=taken');
    expect(idFor(names, 'room/1')).toBe('taken');
    expect(idFor(names, 'taken')).toContain('its id taken is that of "room/1"');
    const renaming = namesOf('--rename', 'base64url');
    expect(idFor(renaming, 'b64-cm9vbS8x')).toBe('b64-cm9vbS8x');
    expect(idFor(renaming, 'room/1')).toContain('give one of them --map');
  });

  it('wants what begins with the prefix, or is named', () => {
    expect(namesOf('--prefix', 'a').isWanted('ab')).toBe(true);
    expect(namesOf('--prefix', 'a').isWanted('ba')).toBe(false);
    expect(namesOf('--doc', 'x', '--doc', 'y').isWanted('y')).toBe(true);
    expect(namesOf('--doc', 'x').isWanted('xy')).toBe(false);
  });
});

describe('parseImportArguments', () => {
  it('reads everything', () => {
    expect(argumentsOf('--doc', 'a=b', '--map', 'a=b=c', '--owner', 'a@b.example', '--follow')).toEqual({
      from: 'redis://old:6379',
      prefix: '',
      docs: ['a=b'],
      map: new Map([['a=b', 'c']]),
      rename: 'none',
      owner: 'a@b.example',
      follow: true,
      dryRun: false,
    });
  });

  it('says what is wrong', () => {
    expect(() => parseImportArguments([])).toThrow('--from is needed');
    expect(() => parseImportArguments(['--from', 'http://x'])).toThrow('--from is needed');
    expect(() => argumentsOf('--rename', 'hex')).toThrow('only base64url');
    expect(() => argumentsOf('--map', 'a=not an id')).toThrow('write name=docId');
    expect(() => argumentsOf('--follow', '--dry-run')).toThrow('choose one');
    expect(() => argumentsOf('--doc', 'a', '--prefix', 'b')).toThrow('exclude each other');
    expect(() => argumentsOf('--owner', 'alice')).toThrow('that is no e-mail address');
    expect(() => argumentsOf('--unknown')).toThrow('--unknown');
  });
});
