import { describe, expect, it } from 'vitest';
import { publishedChannel } from './publish-monitor.ts';

describe('a line of MONITOR', () => {
  it.each([
    ['+1700000000.1 [0 127.0.0.1:60866] "publish" "hocuspocus:doc" "\\x00\\"a"', 'hocuspocus:doc'],
    ['+1700000000.1 [0 lua] "SPUBLISH" "kry:{doc}:live" "\\x05"', 'kry:{doc}:live'],
    ['+1700000000.1 [0 127.0.0.1:1] "PUBLISH" "a \\" b" "1"', 'a \\" b'],
    ['+1700000000.1 [0 127.0.0.1:1] "set" "publish" "1"', null],
    ['+1700000000.1 [0 127.0.0.1:1] "evalsha" "abc" "1" "SPUBLISH" "no"', null],
    ['+OK', null],
  ])('%s publishes on %s', (line, channel) => expect(publishedChannel(line)).toBe(channel));
});
