import { describe, expect, it } from 'vitest';
import { k6At } from './k6-program.ts';

describe('k6', () => {
  it.each([
    ['k6 v0.57.0 (go1.23.6, linux/amd64)', null],
    ['k6 v1.0.0 (commit/41b4984b75, go1.24.2, linux/amd64)', null],
    ['k6 v1.1.0 (commit/0e3fb953be, go1.24.4, linux/amd64)', 'k6/experimental/websockets'],
    ['k6 v1.5.0 (go1.25.4, linux/amd64)', 'k6/experimental/websockets'],
    ['k6 v1.8.1 (go1.26.8, linux/amd64)', 'k6/websockets'],
    ['k6 v1.10.0 (go1.26.8, linux/amd64)', 'k6/websockets'],
    ['k6.exe v2.3.0 (commit/1234567890, go1.27.0, windows/amd64)', 'k6/websockets'],
    ['K6 is something else', null],
    ['', null],
  ])('that calls itself "%s" has %s', (version, websockets) => {
    expect(k6At('/k6', version)?.websockets ?? null).toBe(websockets);
  });
});
