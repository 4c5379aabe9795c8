-- Notes what a committed snapshot covers and removes covered entries that are old enough (SNAP3), a bounded
-- number a call so that Redis is never held up.
-- KEYS  1 log stream   2 meta
-- ARGV  1 epoch and 2 seq that are covered   3 age in ms that is kept   4 entries to look at   5 idle lifetime in ms
-- Returns {removed, covered entries seen that stay, 1 when there may be more to remove}.
local epoch = tonumber(ARGV[1])
local seq = tonumber(ARGV[2])
local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
if info.err then
  if string.find(info.err, 'no such key', 1, true) then
    return { 0, 0, 0 }
  end
  return info
end
local covered = redis.call('HGET', KEYS[2], 'covered')
if covered then
  local ce, cs = string.match(covered, '^(%d+)%-(%d+)$')
  ce = tonumber(ce)
  cs = tonumber(cs)
  if ce > epoch or (ce == epoch and cs > seq) then
    epoch = ce
    seq = cs
  end
end
covered = string.format('%.0f-%.0f', epoch, seq)
redis.call('HSET', KEYS[2], 'covered', covered)
local now = redis.call('TIME')
local cutoff = now[1] * 1000 + math.floor(now[2] / 1000) - tonumber(ARGV[3])
local entries = redis.call('XRANGE', KEYS[1], '-', covered, 'COUNT', ARGV[4])
local removed = 0
for _, entry in ipairs(entries) do
  if tonumber(entry[2][2]) > cutoff then
    break
  end
  removed = removed + 1
end
local more = 0
if removed > 0 then
  local lastEpoch, lastSeq = string.match(entries[removed][1], '^(%d+)%-(%d+)$')
  redis.call('XTRIM', KEYS[1], 'MINID', '=', string.format('%s-%.0f', lastEpoch, tonumber(lastSeq) + 1))
  if removed == #entries and #entries == tonumber(ARGV[4]) then
    more = 1
  end
end
for i = 1, #info, 2 do
  if info[i] == 'last-generated-id' and info[i + 1] == covered then
    redis.call('PEXPIRE', KEYS[1], ARGV[5])
    redis.call('PEXPIRE', KEYS[2], ARGV[5])
  end
end
return { removed, #entries - removed, more }
