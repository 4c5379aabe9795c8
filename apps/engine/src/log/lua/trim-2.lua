-- Notes what a committed snapshot covers and removes covered entries that are old enough (SNAP3), a bounded
-- number a call so that Redis is never held up.
-- KEYS  1 log stream   2 meta
-- ARGV  1 epoch and 2 seq that are covered   3 age in ms that is kept   4 entries to look at   5 idle lifetime in ms
-- Returns {removed, 1 when there may be more to remove}.
local STEP = 256 * 1024
local epoch = tonumber(ARGV[1])
local seq = tonumber(ARGV[2])
if redis.call('EXISTS', KEYS[1]) == 0 then
  return { 0, 0 }
end
local covered, large, largeAt, last =
  unpack(redis.call('HMGET', KEYS[2], 'covered', 'large', 'largeAt', 'last'))
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
-- A large entry that is young is not even read: what follows it is younger.
local to = covered
if large and tonumber(largeAt) > cutoff then
  local largeEpoch, largeSeq = string.match(large, '^(%d+)%-(%d+)$')
  largeEpoch = tonumber(largeEpoch) - epoch
  if largeEpoch < 0 or (largeEpoch == 0 and tonumber(largeSeq) <= seq) then
    to = '(' .. large
  end
end
-- Entries are read in steps of about STEP bytes, because what is read is copied.
local seen, removed, bytes, from, newest = 0, 0, 0, '-', nil
local count, more = 1, 0
while true do
  local entries = redis.call('XRANGE', KEYS[1], from, to, 'COUNT', count)
  local isYoung = false
  for _, entry in ipairs(entries) do
    seen = seen + 1
    bytes = bytes + #(entry[2][4] or '')
    from = '(' .. entry[1]
    isYoung = isYoung or tonumber(entry[2][2]) > cutoff
    if not isYoung then
      removed = removed + 1
      newest = entry[1]
    end
  end
  if isYoung or #entries < count then
    break
  end
  if seen >= tonumber(ARGV[4]) or bytes >= STEP then
    more = 1
    break
  end
  count = math.min(tonumber(ARGV[4]) - seen, math.max(1, math.floor((STEP - bytes) * seen / (bytes + 1))))
end
if newest then
  local newestEpoch, newestSeq = string.match(newest, '^(%d+)%-(%d+)$')
  redis.call('XTRIM', KEYS[1], 'MINID', '=', string.format('%s-%.0f', newestEpoch, tonumber(newestSeq) + 1))
  if large then
    local largeEpoch, largeSeq = string.match(large, '^(%d+)%-(%d+)$')
    largeEpoch = tonumber(largeEpoch) - tonumber(newestEpoch)
    if largeEpoch < 0 or (largeEpoch == 0 and tonumber(largeSeq) <= tonumber(newestSeq)) then
      redis.call('HDEL', KEYS[2], 'large', 'largeAt', 'last')
      last = false
    end
  end
end
if not last then
  local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
  if info.err then
    return info
  end
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then
      last = info[i + 1]
    end
  end
end
if last == covered then
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
  redis.call('PEXPIRE', KEYS[2], ARGV[5])
end
return { removed, more }
