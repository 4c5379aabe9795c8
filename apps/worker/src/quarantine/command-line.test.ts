import { describe, expect, it } from 'vitest';
import { parseCommandLine, UsageError } from './command-line.ts';

const parse = (line: string) => parseCommandLine(line.split(' ').filter(Boolean));

describe('the command line of npm run quarantine', () => {
  it.each([
    ['', { kind: 'list', docId: null, limit: 50, withReleased: false, isJson: false }],
    ['list --doc a --limit 3 --all --json', { docId: 'a', limit: 3, withReleased: true, isJson: true }],
    ['show 7', { kind: 'show', id: 7 }],
    ['export 7 --to file', { kind: 'export', id: 7, file: 'file' }],
    ['release 7', { kind: 'release-item', id: 7, repairedFile: null, isRepeated: false, waitMs: 40_000 }],
    ['release 7 --from f --again --wait 0', { repairedFile: 'f', isRepeated: true, waitMs: 0 }],
    ['release notes', { kind: 'release-document', docId: 'notes' }],
    ['release --doc 7', { kind: 'release-document', docId: '7' }],
    ['discard 7 --yes', { kind: 'discard', id: 7 }],
    ['--help', { kind: 'help' }],
  ])('reads "%s"', (line, command) => {
    expect(parse(line)).toMatchObject(command);
  });

  it.each([
    ['forget 7', '"forget" is no command'],
    ['show', 'show needs an id'],
    ['show seven', 'the id is "seven"'],
    ['show 7 8', 'show takes no "8"'],
    ['show 7 --yes', 'show takes no --yes'],
    ['list notes', 'list takes no "notes"'],
    ['list --limit 0', '--limit is "0"'],
    ['list --limit', 'argument missing'],
    ['export 7', 'export needs --to file'],
    ['release', 'release needs an id'],
    ['release a/b', '"a/b" is no document id'],
    ['release notes --again', '--from and --again are for entries'],
    ['release 7 --doc notes', 'release takes no "7"'],
    ['discard 7', 'add --yes'],
    ['--colour', 'colour'],
  ])('refuses "%s", with the usage', (line, message) => {
    expect(() => parse(line)).toThrow(UsageError);
    expect(() => parse(line)).toThrow(message);
    expect(() => parse(line)).toThrow('npm run quarantine -- release <docId>');
  });
});
