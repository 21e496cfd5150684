-- The engine of a backplane: every change that a node makes. The reference is the model in Rust, `backplane::model`.
--
-- ARGV[1] is the request. The reply is a list that begins with its kind, or an error, after which nothing of the request is applied.
-- Keys are made from the arguments, so Redis Cluster cannot run it.

local PREFIX = 'sockit:'
local NODES, NAMES, ROOMS = PREFIX .. 'nodes', PREFIX .. 'names', PREFIX .. 'rooms'
local LOOKS, VACANT, SEQS = PREFIX .. 'looks', PREFIX .. 'vacant', PREFIX .. 'seqs'
local LOBBY, SEPARATOR, ITEM = 'lobby', '\31', '\30'
local LEASE, KEPT, REAPED, NAMED, MAX_INBOX = 10000, 3600, 1000, 8, 16384

local call = redis.call

local function node_key(node) return PREFIX .. 'node:' .. node end
local function clients_key(node) return PREFIX .. 'clients:' .. node end
local function inbox_key(node) return PREFIX .. 'inbox:' .. node end
local function room_key(room) return PREFIX .. 'room:' .. room end
local function members_key(room) return PREFIX .. 'members:' .. room end

-- Lua prints large numbers with an exponent.
local function text_of(number) return string.format('%.0f', number) end

local function split(value)
    local fields, from = {}, 1
    while true do
        local at = string.find(value, SEPARATOR, from, true)
        fields[#fields + 1] = string.sub(value, from, (at or 0) - 1)
        if not at then return fields end
        from = at + 1
    end
end

local function join(...) return table.concat({...}, SEPARATOR) end

-- The text of an error, which is a string in Redis 6.2 and a table since 7.0.
local function error_text(failure)
    if type(failure) == 'table' then return failure.err or 'ERR' end
    return tostring(failure)
end

-- Milliseconds since 1970 by the engine's clock, the same in the whole script.
local now
do
    local time = call('TIME')
    now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- The arguments, read one behind the other.
local cursor = 1
local function take()
    cursor = cursor + 1
    return ARGV[cursor - 1]
end

-- Numbers of the last entries of the streams that this script has appended to. They are written at its end.
local numbers = {}

-- Streams of rooms that exist, or whose end is set.
local checked = {}

local function last_number(stream)
    local number = numbers[stream]
    if not number then number = tonumber(call('HGET', SEQS, stream)) or 0 end
    return number
end

local function keep_numbers()
    for stream, number in pairs(numbers) do call('HSET', SEQS, stream, text_of(number)) end
    numbers = {}
end

-- Appends an entry. A stream that holds something else fails before anything is changed.
local function append_as(number, stream, most, ...)
    if most then
        call('XADD', stream, 'MAXLEN', '~', most, '*', 'q', text_of(number), ...)
    else
        call('XADD', stream, '*', 'q', text_of(number), ...)
    end
    numbers[stream] = number
end

local function append(stream, most, ...)
    append_as(last_number(stream) + 1, stream, most, ...)
end

local function answer(node, number, kind, ...)
    append(inbox_key(node), MAX_INBOX, 'i', number, 'k', kind, ...)
end

local function say(node, number, room, client, kind, from, text, time, limits)
    local stream = room_key(room)
    -- Joins, leaves and renames have the number of the line before them, so that only missing lines make a hole.
    local is_line = kind == 'message' or kind == 'notice'
    append_as(last_number(stream) + (is_line and 1 or 0), stream, limits and limits.stream, 'n', node, 'c', client, 'i', number,
        'k', kind, 'f', from, 'x', text, 't', time)
    -- A line may come after the end of its room. Its stream must not stay forever.
    if limits and not checked[stream] then
        checked[stream] = true
        if call('HEXISTS', ROOMS, room) == 0 then call('PEXPIRE', stream, text_of(limits.room_ttl + KEPT * 1000)) end
    end
end

-- Appends a notice. A stranger may have replaced the stream by something else; everything but the notice is done then.
local function notify(...)
    local ok, failure = pcall(say, ...)
    if not ok and not string.find(error_text(failure), 'WRONGTYPE', 1, true) then error(failure, 0) end
end

local function shown_room(room)
    local record = call('HGET', ROOMS, room)
    return record and split(record)[1] or room
end

local function create_room(shown, folded, first, second)
    call('HSETNX', LOOKS, first, folded)
    call('HSETNX', LOOKS, second, folded)
    call('HSET', ROOMS, folded, join(shown, first, second))
    call('PERSIST', room_key(folded))
end

local function delete_room(room)
    local record = call('HGET', ROOMS, room)
    if not record then return end
    local fields = split(record)
    for at = 2, 3 do
        if call('HGET', LOOKS, fields[at]) == room then call('HDEL', LOOKS, fields[at]) end
    end
    local stream = room_key(room)
    call('HDEL', ROOMS, room)
    call('ZREM', VACANT, room)
    -- The numbers go on if the room is opened again, so that a log on disk can tell which lines it lacks.
    checked[stream] = nil
    call('DEL', stream)
end

local function enter(node, client, room, since)
    call('ZREM', VACANT, room)
    call('ZADD', members_key(room), since, join(node, client))
end

local function leave(node, client, room)
    local members = members_key(room)
    local was_member = call('ZREM', members, join(node, client)) == 1
    if was_member and room ~= LOBBY and call('EXISTS', members) == 0 then
        call('ZADD', VACANT, text_of(now), room)
    end
end

-- A client's record: name, key, key, room, address.
local function record_of(node, client)
    local value = call('HGET', clients_key(node), client)
    return value and split(value)
end

local function keep_record(node, client, record)
    call('HSET', clients_key(node), client, table.concat(record, SEPARATOR))
end

local function release_keys(node, client, record)
    local own = join(node, client) .. SEPARATOR
    for at = 2, 3 do
        local owner = call('HGET', NAMES, record[at])
        if owner and string.sub(owner, 1, #own) == own then call('HDEL', NAMES, record[at]) end
    end
end

local function claim(node, client, shown, folded, first, second)
    local owner = join(node, client, folded, shown)
    call('HSET', NAMES, first, owner, second, owner)
end

local function unregister(node, client)
    local record = record_of(node, client)
    if not record then return end
    call('HDEL', clients_key(node), client)
    release_keys(node, client, record)
    leave(node, client, record[4])
    return record
end

-- The clients of a node, in the order in which they connected.
local function sorted_clients(node)
    local clients = call('HKEYS', clients_key(node))
    table.sort(clients, function(a, b) return tonumber(a) < tonumber(b) end)
    return clients
end

-- Releases at most `most` clients of a node, and its lease with the last one. Returns the number of released clients, and true if
-- none is left.
local function release(node, most, presence, time)
    if call('EXISTS', node_key(node)) == 1 then call('HSET', node_key(node), 'state', 'ended') end
    local clients = sorted_clients(node)
    local released = math.min(#clients, most)
    local runs, rooms = {}, {}
    for at = 1, released do
        local record = unregister(node, clients[at])
        if record then
            local room = record[4]
            if not runs[room] then
                runs[room] = {}
                rooms[#rooms + 1] = room
            end
            table.insert(runs[room], record[1])
        end
    end
    table.sort(rooms)
    for _, room in ipairs(presence and rooms or {}) do
        local names = runs[room]
        if #names > NAMED then
            local text = table.concat(names, ', ', 1, NAMED) .. ' and ' .. (#names - NAMED) .. ' more have left'
            notify('', '0', room, '0', 'presence', '', text, time)
        else
            for _, name in ipairs(names) do
                notify('', '0', room, '0', 'presence', '', name .. ' has left', time)
            end
        end
    end
    if released < #clients then return released, false end
    call('ZREM', NODES, node)
    call('DEL', clients_key(node))
    -- Operations that were under way when the lease expired must not be applied twice if the node returns.
    call('EXPIRE', node_key(node), KEPT)
    call('EXPIRE', inbox_key(node), KEPT)
    return released, true
end

local function take_limits()
    local limits = {}
    limits.max_rooms, limits.max_members = tonumber(take()), tonumber(take())
    limits.room_ttl, limits.stream = tonumber(take()), take()
    return limits
end

-- Makes a room that can be entered. Otherwise returns the kind of the answer and a room for it.
local function open_room(shown, folded, first, second, limits)
    if call('HEXISTS', ROOMS, folded) == 1 then
        if folded ~= LOBBY and call('ZCARD', members_key(folded)) >= limits.max_members then
            return 'full', shown_room(folded)
        end
        local since = tonumber(call('ZSCORE', VACANT, folded) or nil)
        if not since or since + limits.room_ttl > now then return end
        delete_room(folded)
    end
    for _, skeleton in ipairs({first, second}) do
        local other = call('HGET', LOOKS, skeleton)
        if other then
            if not call('ZSCORE', VACANT, other) then return 'confusable', shown_room(other) end
            -- Nobody can mistake a room for one without members.
            delete_room(other)
        end
    end
    if call('HLEN', ROOMS) >= limits.max_rooms then
        local longest = call('ZRANGE', VACANT, 0, 0)[1]
        if not longest then return 'toomany', '' end
        delete_room(longest)
    end
    create_room(shown, folded, first, second)
end

-- The operations. Each reads its arguments first.
local operations = {}

function operations.say(node, number, limits)
    local room, client, kind, from, text, time = take(), take(), take(), take(), take(), take()
    return function() say(node, number, room, client, kind, from, text, time, limits) end
end

function operations.register(node, number)
    local client, address, has_chosen = take(), take(), take() == '1'
    local shown, folded, first, second = take(), take(), take(), take()
    local room_shown, room, room_first, room_second, since = take(), take(), take(), take(), take()
    return function()
        unregister(node, client)
        local is_free = has_chosen and call('HEXISTS', NAMES, first) == 0 and call('HEXISTS', NAMES, second) == 0
        local record
        if is_free then
            claim(node, client, shown, folded, first, second)
            record = {shown, first, second, room, address}
        else
            call('HSETNX', NAMES, address, join(node, client, address, address))
            record = {address, address, '', room, address}
        end
        keep_record(node, client, record)
        if call('HEXISTS', ROOMS, room) == 0 then create_room(room_shown, room, room_first, room_second) end
        enter(node, client, room, since)
        if has_chosen and not is_free then answer(node, number, 'namelost') end
    end
end

function operations.registered(node)
    return function() call('HSET', node_key(node), 'state', 'known') end
end

function operations.rename(node, number, limits)
    local client, shown, folded, first, second = take(), take(), take(), take(), take()
    local has_notice, notice, time = take() == '1', take(), take()
    return function()
        local record = record_of(node, client)
        local own = join(node, client) .. SEPARATOR
        for _, key in ipairs({first, second}) do
            local owner = call('HGET', NAMES, key)
            if owner and string.sub(owner, 1, #own) ~= own then record = nil end
        end
        if not record then return answer(node, number, 'taken') end
        release_keys(node, client, record)
        claim(node, client, shown, folded, first, second)
        keep_record(node, client, {shown, first, second, record[4], record[5]})
        if has_notice then notify(node, number, record[4], client, 'rename', '', notice, time, limits) end
        answer(node, number, 'renamed')
    end
end

function operations.move(node, number, limits)
    local client, shown, folded, first, second, since = take(), take(), take(), take(), take(), take()
    return function()
        local record = record_of(node, client)
        if not record then return answer(node, number, 'failed', 'x', 'the client is not registered') end
        if record[4] == folded then return answer(node, number, 'already', 'r', shown_room(folded)) end
        local refusal, room = open_room(shown, folded, first, second, limits)
        if refusal then return answer(node, number, refusal, 'r', room) end
        leave(node, client, record[4])
        record[4] = folded
        keep_record(node, client, record)
        enter(node, client, folded, since)
        answer(node, number, 'moved', 'r', shown_room(folded), 'm', text_of(call('ZCARD', members_key(folded))))
    end
end

function operations.unregister(node)
    local client = take()
    return function() unregister(node, client) end
end

function operations.direct(node, number)
    local kind, folded, from, room, text, time = take(), take(), take(), take(), take(), take()
    local keys = {}
    for at = 1, tonumber(take()) do keys[at] = take() end
    return function()
        local owner
        for _, key in ipairs(keys) do
            owner = owner or call('HGET', NAMES, key)
        end
        owner = owner and split(owner)
        if not owner or owner[3] ~= folded then return answer(node, number, 'nobody') end
        local inbox, client, shown = inbox_key(owner[1]), owner[2], owner[4]
        if kind == 'private' then
            append(inbox, MAX_INBOX, 'c', client, 'k', kind, 'f', from, 'o', shown, 'r', room, 'x', text, 't', time)
        elseif kind == 'tell' then
            append(inbox, MAX_INBOX, 'c', client, 'k', kind, 'x', text)
        else
            append(inbox, MAX_INBOX, 'c', client, 'k', kind)
        end
        answer(node, number, 'delivered', 'o', shown, 'n', owner[1], 'c', client)
    end
end

function operations.announce(node, number, limits)
    local text, time = take(), take()
    return function()
        local rooms = call('HKEYS', ROOMS)
        table.sort(rooms)
        for _, room in ipairs(rooms) do notify(node, number, room, '0', 'notice', '', text, time, limits) end
        answer(node, number, 'done')
    end
end

function operations.members(node, number)
    local room, most = take(), tonumber(take())
    return function()
        local members = members_key(room)
        local first = most > 0 and call('ZRANGE', members, 0, text_of(most - 1), 'WITHSCORES') or {}
        local listed = {}
        for at = 1, #first, 2 do
            local member = split(first[at])
            local record = record_of(member[1], member[2])
            if record then listed[#listed + 1] = join(record[1], first[at + 1]) end
        end
        answer(node, number, 'members', 'm', text_of(call('ZCARD', members)), 'x', table.concat(listed, ITEM))
    end
end

function operations.rooms(node, number)
    return function()
        local vacant = {}
        for _, room in ipairs(call('ZRANGE', VACANT, 0, -1)) do vacant[room] = true end
        local rooms, all = {}, call('HGETALL', ROOMS)
        for at = 1, #all, 2 do
            local folded = all[at]
            if not vacant[folded] then
                local count = call('ZCARD', members_key(folded))
                rooms[#rooms + 1] = {folded = folded, shown = split(all[at + 1])[1], count = count}
            end
        end
        table.sort(rooms, function(a, b)
            if (a.folded == LOBBY) ~= (b.folded == LOBBY) then return a.folded == LOBBY end
            if a.count ~= b.count then return a.count > b.count end
            return a.folded < b.folded
        end)
        local listed = {}
        for at, room in ipairs(rooms) do listed[at] = join(room.shown, text_of(room.count)) end
        answer(node, number, 'rooms', 'x', table.concat(listed, ITEM))
    end
end

function operations.clients(node, number)
    local most = tonumber(take())
    return function()
        local nodes, listed = call('ZRANGE', NODES, 0, -1), {}
        table.sort(nodes)
        for _, of in ipairs(nodes) do
            for _, client in ipairs(#listed < most and sorted_clients(of) or {}) do
                if #listed == most then break end
                local record = record_of(of, client)
                listed[#listed + 1] = join(record[1], shown_room(record[4]))
            end
        end
        answer(node, number, 'clients', 'x', table.concat(listed, ITEM))
    end
end

function operations.sync(node, number)
    return function() answer(node, number, 'done') end
end

function operations.retire(node)
    return function() release(node, math.huge, false, '0') end
end

-- The requests. A new one needs a place in `codec.rs`.
local requests = {}

function requests.begin()
    local node, epoch, session, instance, presence, time = take(), take(), take(), take(), take() == '1', take()
    local record = call('HMGET', node_key(node), 'epoch', 'session', 'applied', 'state')
    local is_same = record[1] == epoch
    if is_same and tonumber(record[2]) >= tonumber(session) then
        return redis.error_reply('STALE session')
    end
    local lease = tonumber(call('ZSCORE', NODES, node) or nil)
    if record[1] and not is_same and lease and lease > now then return {'taken'} end
    -- The first write: an engine that refuses writes refuses this one, and nothing is changed.
    call('SETNX', PREFIX .. 'instance', instance)
    if call('HEXISTS', ROOMS, LOBBY) == 0 then create_room(LOBBY, LOBBY, LOBBY, LOBBY) end
    local applied, state = '0', 'begun'
    if is_same then
        applied = record[3]
        if record[4] == 'known' then state = 'known' end
    elseif record[1] then
        release(node, math.huge, presence, time)
        numbers[inbox_key(node)] = nil
        call('DEL', inbox_key(node))
        call('HDEL', SEQS, inbox_key(node))
    end
    call('HSET', node_key(node), 'epoch', epoch, 'session', session, 'applied', applied, 'state', state)
    call('PERSIST', node_key(node))
    call('PERSIST', inbox_key(node))
    call('ZADD', NODES, text_of(now + LEASE), node)
    return {'begun', applied, state, call('GET', PREFIX .. 'instance')}
end

function requests.submit()
    local node, epoch, session, after = take(), take(), take(), tonumber(take())
    local limits = take_limits()
    local record = call('HMGET', node_key(node), 'epoch', 'session', 'applied', 'state')
    local before = tonumber(record[3])
    local is_current = record[1] == epoch and record[2] == session and record[4] ~= 'ended' and before >= after
    if not is_current then return {'notbegun'} end
    -- The first write, as above.
    call('ZADD', NODES, text_of(now + LEASE), node)
    local applied, refusal = before, nil
    while cursor <= #ARGV and not refusal do
        local number, name = take(), take()
        local operation = operations[name](node, number, limits)
        if tonumber(number) > applied then
            local ok, failure = pcall(operation)
            if not ok then ok, refusal = pcall(answer, node, number, 'failed', 'x', error_text(failure)) end
            if ok then applied, refusal = tonumber(number), nil end
        end
    end
    if refusal and applied == before then return redis.error_reply(error_text(refusal)) end
    if applied ~= before then call('HSET', node_key(node), 'applied', text_of(applied)) end
    return {'submitted', text_of(applied)}
end

-- Removes the numbers of streams whose node or room is gone, once there are many.
local function forget_numbers()
    local most = call('HLEN', ROOMS) + 2 * call('ZCARD', NODES) + 1000
    if call('HLEN', SEQS) <= most then return end
    for _, stream in ipairs(call('HKEYS', SEQS)) do
        local room = string.match(stream, '^' .. PREFIX .. 'room:(.*)$')
        local node = string.match(stream, '^' .. PREFIX .. 'inbox:(.*)$')
        local is_used = room and call('HEXISTS', ROOMS, room) == 1 or node and call('EXISTS', node_key(node)) == 1
        if not is_used and call('EXISTS', stream) == 0 then call('HDEL', SEQS, stream) end
    end
end

function requests.reap()
    local presence, time = take() == '1', take()
    local limits = take_limits()
    local left, more = REAPED, false
    local expired = call('ZRANGEBYSCORE', NODES, '-inf', text_of(now))
    table.sort(expired)
    for _, node in ipairs(expired) do
        local released, is_done = release(node, left, presence, time)
        left = left - released
        more = more or not is_done
    end
    local vacant = call('ZRANGEBYSCORE', VACANT, '-inf', text_of(now - limits.room_ttl))
    for _, room in ipairs(vacant) do delete_room(room) end
    keep_numbers()
    forget_numbers()
    return {'reaped', more and 1 or 0}
end

-- The instance of the engine, and for each room: folded name, shown name, number of the last line, and 1 if its stream may exist.
function requests.survey()
    local listed, last = {'surveyed', call('GET', PREFIX .. 'instance') or ''}, {}
    local function list(...)
        for _, value in ipairs({...}) do listed[#listed + 1] = value end
    end
    local all = call('HGETALL', SEQS)
    for at = 1, #all, 2 do
        local room = string.match(all[at], '^' .. PREFIX .. 'room:(.*)$')
        if room then last[room] = all[at + 1] end
    end
    local rooms = call('HGETALL', ROOMS)
    for at = 1, #rooms, 2 do
        local folded = rooms[at]
        list(folded, split(rooms[at + 1])[1], last[folded] or '0', '1')
        last[folded] = nil
    end
    for folded, number in pairs(last) do list(folded, folded, number, text_of(call('EXISTS', room_key(folded)))) end
    return listed
end

local reply = requests[take()]()
keep_numbers()
return reply
