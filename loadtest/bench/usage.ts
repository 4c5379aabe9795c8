import { readFileSync, writeFileSync } from 'node:fs';
import type { RunningProcess } from '@kryton/engine/testing/services/child-process.ts';
import type { SystemUnderTest } from './system.ts';

/** Linux counts CPU time in ticks of 10 ms (`getconf CLK_TCK` is 100 on every common kernel). */
const TICK_MS = 10;

/** CPU in ms that a system used, by role, and what of it is in the figures. */
export type CpuUsed = { readonly countedMs: number; readonly byRole: ReadonlyMap<string, number> };

/** Starts counting; the result says what was used since then. The nodes must not be restarted in between. */
export function meterCpu(system: SystemUnderTest): () => CpuUsed {
  const parts = system.parts().map((part) => ({ ...part, beforeMs: treeCpuMs(part.process.pid) }));
  return () => {
    const byRole = new Map<string, number>();
    let countedMs = 0;
    for (const { role, process, isCounted, beforeMs } of parts) {
      const usedMs = treeCpuMs(process.pid) - beforeMs;
      byRole.set(role, (byRole.get(role) ?? 0) + usedMs);
      if (isCounted) countedMs += usedMs;
    }
    return { countedMs, byRole };
  };
}

/** User and system time of a process, its threads, its children and those it has buried; proc(5), fields 14 to 17. */
function treeCpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return childrenOf(pid).reduce((sum, child) => sum + ifAlive(() => treeCpuMs(child), 0), ticks * TICK_MS);
}

/** The process and everything under it: PostgreSQL has a process for each connection. */
export function treeOf(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap((child) => treeOf(child))];
}

function childrenOf(pid: number): number[] {
  const children = ifAlive(() => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'), '');
  return children.split(' ').filter(Boolean).map(Number);
}

/** A child may end between the look at the list and the look at itself. */
function ifAlive<Answer>(look: () => Answer, otherwise: Answer): Answer {
  try {
    return look();
  } catch {
    return otherwise;
  }
}

/** Resident memory of these processes together, in KB; proc(5), VmRSS. */
export function residentKb(processes: readonly RunningProcess[]): number {
  return processes.reduce((sum, { pid }) => sum + statusKb(pid, 'VmRSS'), 0);
}

/** The highest resident memory since {@link forgetPeak} (or their start), summed up, in KB; proc(5), VmHWM. */
export function peakKb(processes: readonly RunningProcess[]): number {
  return processes.reduce((sum, { pid }) => sum + statusKb(pid, 'VmHWM'), 0);
}

/** Sets the peak to what is resident now; proc(5), clear_refs. */
export function forgetPeak(processes: readonly RunningProcess[]): void {
  for (const { pid } of processes) writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

function statusKb(pid: number, field: string): number {
  const line = new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? Number.NaN);
}
