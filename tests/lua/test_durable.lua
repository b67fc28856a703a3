--- Databases with a log: what was committed survives the end of the process, however it comes.

local ese = require "ese"
local paths = require "paths"
local t = require "harness"

local made = 0

-- The names of a database that does not exist yet and of its log.
local function place()
   made = made + 1
   local folder = paths.file("durable" .. made)
   paths.shell("mkdir %s", folder)
   return folder .. "/store.edb", folder .. "/log"
end

-- Lets the child work and kills it when it has printed so many lines; the number that it printed last.
local function crash(style, path, log, lines)
   local child = assert(io.popen(paths.command("echo $$; exec %s %s %s %s %s", paths.interpreter,
      paths.here .. "crash_child.lua", style, path, log)))
   local pid, last, n = child:read "l", nil, 0
   for line in child:lines() do
      last, n = math.tointeger(line) or last, n + 1
      if n == lines then
         os.execute("kill -9 " .. pid)
      end
   end
   local _, how, code = child:close()
   t.equal({ how, code }, lines and { "signal", 9 } or { "exit", 9 })
   return last
end

-- How many transactions of the child are there: whole ones, in order, with an index that agrees.
local function count_whole(db)
   local source, n = db:table "t", 0
   for row in source:rows() do
      t.equal(row.id, n)
      t.equal(row.text, tostring(n // 2))
      n = n + 1
   end
   t.equal(n % 2, 0)
   t.equal(source:index("byText"):count(), n)
   return n // 2
end

t.case("what was acknowledged survives a kill", function()
   local path, log = place()
   local last
   for _, lines in ipairs { 1, 40, 120 } do -- the second and the third child recover what the one before left
      last = crash("durable", path, log, lines)
      local failure = t.raises("JET_errDatabaseDirtyShutdown", ese.open, path, "r+")
      t.is_true(failure.message:find("log =", 1, true))
   end
   do
      local db <close> = ese.open(path, "r+", { log = log })
      local n = count_whole(db)
      t.is_true(n == last + 1 or n == last + 2) -- the one in flight may have been committed
   end
   local db <close> = ese.open(path) -- clean, and needs no log any more
   t.is_true(count_whole(db) > last)
end)

t.case("lazy commits may be lost, but only the last ones, and whole", function()
   local path, log = place()
   local last = crash("lazy", path, log, 300)
   local db <close> = ese.open(path, "c", { log = log })
   if #db > 0 then
      t.is_true(count_whole(db) <= last + 2)
   end
end)

t.case("a flush keeps what was committed lazily before", function()
   local path, log = place()
   local last = crash("flush", path, log, 5)
   local db <close> = ese.open(path, "r+", { log = log })
   t.is_true(count_whole(db) >= last + 1)
end)

t.case("what was not committed is undone", function()
   local path, log = place()
   t.equal(crash("open", path, log), 2)
   local db <close> = ese.open(path, "r+", { log = log })
   t.equal(count_whole(db), 3)
end)

t.case("a dictionary keeps every key that was set", function()
   local path, log = place()
   local last = crash("dict", path, log, 60)
   local d <close> = ese.dict(path, "w", { log = log })
   local n = 0
   for key, value in pairs(d) do
      t.equal({ key, value }, { n, tostring(n) })
      n = n + 1
   end
   t.is_true(n >= last + 1)
end)

t.case("a reader looks at a crashed store in a copy", function()
   local path, log = place()
   local last = crash("durable", path, log, 30)
   local before = paths.read(path)
   do
      local db <close> = ese.open(path, { logs = log })
      t.is_true(count_whole(db) >= last + 1)
      t.is_true(db:recovery().committed >= last)
   end
   t.is_true(before == paths.read(path))
end)

t.case("store and log may move before the recovery", function()
   local path, log = place()
   local last = crash("durable", path, log, 30)
   local there = paths.file "there"
   paths.shell("mkdir %s && mv %s %s %s", there, path, log, there)
   local db <close> = ese.open(there .. "/store.edb", "r+", { log = there .. "/log" })
   t.is_true(count_whole(db) >= last + 1)
end)

t.case("the recovery at the start tells how far it is and may be ended", function()
   local path, log = place()
   local last = crash("durable", path, log, 60)
   local mine = {}
   local is_ok, failure = pcall(ese.open, path, "r+", { log = log, progress = function()
      error(mine)
   end })
   t.is_true(not is_ok and failure == mine)
   local phases = {}
   local db <close> = ese.open(path, "r+", { log = log, progress = function(phase)
      phases[phase] = true
   end })
   t.equal(phases, { recovery = true })
   t.is_true(count_whole(db) >= last + 1)
end)

t.case("sessions say whether their commits wait", function()
   local path, log = place()
   local db <close> = ese.open(path, "c", { log = log })
   local source = db:create_table("t", { { "id", "long" } }, { primary_key = "id" })
   local session = db:session()
   t.equal(session:is_lazy(), false)
   session:set_lazy(true)
   t.equal(session:is_lazy(), true)
   source:insert { id = 1 }
   session:transaction(function()
      source:insert { id = 2 }
   end, { lazy = false })
   session:begin()
   source:insert { id = 3 }
   session:commit { lazy = true }
   session:begin()
   source:insert { id = 4 }
   session:rollback()
   session:flush()
   t.raises("JET_errNotInTransaction", session.commit, session)
   t.equal(#source, 3)
end)

t.case("wrong uses of a log are refused", function()
   local path, log = place()
   t.raises_text("logged", ese.open, path, { log = log })
   t.raises_text("misspelt", ese.dict, path, { misspelt = true })
   local d <close> = ese.dict(path, { log = true, lazy = true })
   d.items.a = 1
   d:flush()
   t.equal(d.items.a, 1)
   t.equal(io.open(path .. ".log/edb.log") ~= nil, true)
end)
