import { StartupError } from '@kryton/engine/lifecycle/startup-error.ts';
import { describe, expect, it } from 'vitest';
import { parseBackupArguments } from './backup-arguments.ts';

const parse = (line: string) => parseBackupArguments(line.split(' '), '/home/operator');

describe('the command lines of npm run backup and npm run restore', () => {
  it.each([
    ['backup --to monday', { kind: 'backup', to: '/home/operator/monday' }],
    ['restore --from /backups/monday', { kind: 'restore', from: '/backups/monday', isMerge: false }],
    ['restore --from monday --merge', { kind: 'restore', from: '/home/operator/monday', isMerge: true }],
    ['restore --from monday --check', { kind: 'verify', from: '/home/operator/monday' }],
    ['restore --help', { kind: 'help' }],
  ])('reads "%s"', (line, read) => {
    expect(parse(line)).toEqual(read);
  });

  it.each([
    ['backup', '--to is needed'],
    ['backup --to monday --merge', 'backup takes --to and nothing else'],
    ['restore', '--from is needed'],
    ['restore --from monday --to tuesday', 'restore takes no --to'],
    ['restore --from monday --merge --check', 'choose one'],
    ['restore monday', 'monday'],
    ['restore --from monday --force', '--force'],
  ])('refuses "%s", with the usage', (line, message) => {
    expect(() => parse(line)).toThrow(StartupError);
    expect(() => parse(line)).toThrow(message);
    expect(() => parse(line)).toThrow('npm run restore -- --from directory');
  });
});
