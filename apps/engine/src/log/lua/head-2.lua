-- The head of a log, and a longer life for a log that would expire while somebody has its document open (SNAP7).
-- KEYS  1 log stream   2 meta
-- ARGV  1 lifetime of an idle log in ms, 0 to leave it as it is
-- Returns {last id, covered id or false, number of entries}, or false when there is no log.
local covered, last = unpack(redis.call('HMGET', KEYS[2], 'covered', 'last'))
if redis.call('EXISTS', KEYS[1]) == 0 then
  return false
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
local ttl = redis.call('PTTL', KEYS[1])
if ttl >= 0 and ttl < tonumber(ARGV[1]) / 2 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  redis.call('PEXPIRE', KEYS[2], ARGV[1])
end
return { last, covered, redis.call('XLEN', KEYS[1]) }
