import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import { startProcess } from './child-process.ts';

const PATIENT = 'setInterval(() => {}, 1000); process.on("SIGTERM", () => {}); console.log("listening")';

function startPatient(program = PATIENT) {
  return startProcess({
    name: 'patient',
    command: process.execPath,
    args: ['-e', program],
    ready: ({ output }) => output().includes('listening'),
  });
}

it('says what the process wrote when it ends before it is ready', async () => {
  await expect(startPatient('console.error("no such disk"); process.exit(3)')).rejects.toThrow(
    /patient did not become ready: .*exit code 3\nno such disk/,
  );
});

it('rejects when the program does not exist', async () => {
  const missing = { name: 'ghost', command: '/no/such/program', args: [], ready: () => true };
  await expect(startProcess(missing)).rejects.toThrow('ghost did not start');
});

it('kills a process that ignores SIGTERM once the deadline has passed', async () => {
  const patient = await startPatient();
  expect(await patient.stop({ deadlineMs: 100 })).toEqual({ code: null, signal: 'SIGKILL' });
});

it('ends what a test process started when that is killed with SIGKILL', async () => {
  const starter = `
    const { startProcess } = await import(${JSON.stringify(new URL('./child-process.ts', import.meta.url).href)});
    const patient = await startProcess({ name: 'patient', command: process.execPath,
      args: ['-e', ${JSON.stringify(PATIENT)}], ready: ({ output }) => output().includes('listening') });
    console.log('pid ' + patient.pid);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', starter]);
  const [line] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string];
  const pid = Number(line.replace('pid ', ''));
  expect(isAlive(pid)).toBe(true);
  parent.kill('SIGKILL');
  await eventually(() => !isAlive(pid), { what: `process ${pid} ended with the one that started it` });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
