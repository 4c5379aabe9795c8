-- The head of a log, and a longer life for a log that would expire while somebody has its document open (SNAP7).
-- KEYS  1 log stream   2 meta
-- ARGV  1 lifetime of an idle log in ms, 0 to leave it as it is
-- Returns {last id, covered id or false, number of entries}, or false when there is no log.
local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
if info.err then
  if string.find(info.err, 'no such key', 1, true) then
    return false
  end
  return info
end
local ttl = redis.call('PTTL', KEYS[1])
if ttl >= 0 and ttl < tonumber(ARGV[1]) / 2 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  redis.call('PEXPIRE', KEYS[2], ARGV[1])
end
for i = 1, #info, 2 do
  if info[i] == 'last-generated-id' then
    return { info[i + 1], redis.call('HGET', KEYS[2], 'covered'), redis.call('XLEN', KEYS[1]) }
  end
end
