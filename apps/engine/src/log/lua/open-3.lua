-- Finds the log, or begins a new epoch of it (LOG3).
-- KEYS  1 log stream   2 meta   3 live channel
-- ARGV  1 epoch and 2 seq of the newest position the caller knows of (snapshot or room)
--       3 lifetime of an idle log in ms: one that nobody writes to leaves again (SNAP7)
--       4 the run of this Redis
-- Returns {last id, covered id or false, number of entries, number of connections that listen}. A log that ends before the caller's position has lost
-- entries: it is kept, and a new epoch begins behind it. So it does behind one from before a restart of Redis, whose
-- end may be lost although others have seen it: were positions given out twice, a snapshot or a node that covers the
-- lost ones would pass over the new ones. An epoch number is the larger of the clock in ms and one past every epoch
-- seen, so it is never used twice.
local epoch = tonumber(ARGV[1])
local seq = tonumber(ARGV[2])
local covered, run, last = unpack(redis.call('HMGET', KEYS[2], 'covered', 'run', 'last'))
local listening = redis.call('PUBSUB', 'SHARDNUMSUB', KEYS[3])[2]
local exists = redis.call('EXISTS', KEYS[1]) == 1
if exists then
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
  local lastEpoch, lastSeq = string.match(last, '^(%d+)%-(%d+)$')
  lastEpoch = tonumber(lastEpoch)
  if run == ARGV[4] and (lastEpoch > epoch or (lastEpoch == epoch and tonumber(lastSeq) >= seq)) then
    return { last, covered, redis.call('XLEN', KEYS[1]), listening }
  end
  epoch = math.max(epoch, lastEpoch)
end
local now = redis.call('TIME')
local at = now[1] * 1000 + math.floor(now[2] / 1000)
local id = string.format('%.0f-0', math.max(at, epoch + 1))
redis.call('XADD', KEYS[1], id, 'o', '')
redis.call('XDEL', KEYS[1], id)
redis.call('HSET', KEYS[2], 'run', ARGV[4])
if redis.call('HEXISTS', KEYS[2], 'last') == 1 then
  redis.call('HSET', KEYS[2], 'last', id)
end
if not exists or redis.call('PTTL', KEYS[1]) >= 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
end
redis.call('SPUBLISH', KEYS[3], string.char(#id) .. id)
return { id, covered, redis.call('XLEN', KEYS[1]), listening }
