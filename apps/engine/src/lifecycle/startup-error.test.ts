import { expect, it } from 'vitest';
import { exitWith, StartupError } from './startup-error.ts';

function ending(error: unknown, env: Record<string, string> = {}) {
  const written: string[] = [];
  const codes: number[] = [];
  exitWith(error, {
    stderr: { write: (text) => written.push(text) },
    env,
    exit: (code) => codes.push(code),
  });
  return { output: written.join(''), codes };
}

it('prints a start-up error as one sentence and ends with 1', () => {
  const error = new StartupError('Port 3001 is taken: set PORT', { cause: new Error('EADDRINUSE') });
  expect(ending(error)).toEqual({ output: 'Port 3001 is taken: set PORT\n', codes: [1] });
});

it('shows stack and cause with LOG_LEVEL=debug', () => {
  const error = new StartupError('Port 3001 is taken', { cause: new Error('EADDRINUSE') });
  const { output } = ending(error, { LOG_LEVEL: 'debug' });
  expect(output).toContain('startup-error.test.ts');
  expect(output).toContain('caused by Error: EADDRINUSE');
});

it('shows the stack of anything else, which is a defect', () => {
  expect(ending(new TypeError('x is not a function')).output).toContain('startup-error.test.ts');
  expect(ending('text')).toEqual({ output: 'text\n', codes: [1] });
});
