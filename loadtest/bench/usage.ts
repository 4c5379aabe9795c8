import { readFileSync } from 'node:fs';
import type { RunningProcess } from '@kryton/engine/testing/services/child-process.ts';

/** Linux counts CPU time in ticks of 10 ms (`getconf CLK_TCK` is 100 on every common kernel). */
const TICK_MS = 10;

/** CPU time of these processes since their start, user and system, in ms; proc(5), fields 14 and 15. */
export function cpuMs(processes: readonly RunningProcess[]): number {
  return processes.reduce((sum, { pid }) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return sum + (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  }, 0);
}

/** Resident memory of these processes together, in KB; proc(5), VmRSS. */
export function residentKb(processes: readonly RunningProcess[]): number {
  return processes.reduce((sum, { pid }) => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return sum + Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN);
  }, 0);
}

/** The highest resident memory so far, in KB; proc(5), VmHWM. */
export function peakKb(processes: readonly RunningProcess[]): number {
  return processes.reduce((sum, { pid }) => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return sum + Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN);
  }, 0);
}
