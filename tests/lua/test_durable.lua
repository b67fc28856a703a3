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

-- A database with a log of which nothing is thrown away, and the numbers 1 to 50, each a commit.
local function open_kept(path, log)
   local db = ese.open(path, "c", { log = log, log_file_size = 64 << 10, keep_logs = true })
   local source = db:create_table("t", { { "id", "long" }, { "text", "long text" } },
      { primary_key = "id", indexes = { { "byText", "text" } } })
   for i = 0, 49 do
      source:insert { id = i, text = tostring(i // 2) }
   end
   return db, source
end

local function restored(backup, to, options)
   local report = ese.restore(backup, to, options)
   t.equal(report.databases[1].path, to .. "/store.edb")
   local db <close> = ese.open(report.databases[1].path)
   return 2 * count_whole(db)
end

t.case("a backup is restored as it was, with what increments added, and with the logs behind it", function()
   local path, log = place()
   local backup, phases = paths.file "backup/deep", {}
   do
      local db <close>, source = open_kept(path, log)
      db:backup(backup, { progress = function(phase, done, total)
         phases[phase] = true
         t.is_true(done <= total)
      end })
      t.equal(phases, { backup = true })
      paths.shell("cp -r %s %s", backup, paths.file "full")
      source:insert_many { { id = 50, text = "25" }, { id = 51, text = "25" } }
      db:backup(backup, { incremental = true })
      source:insert_many { { id = 52, text = "26" }, { id = 53, text = "26" } }
   end
   t.equal(restored(paths.file "full", paths.file "to full"), 50)
   t.equal(restored(backup, paths.file "to increment"), 52)
   t.equal(restored(backup, paths.file "to end", { logs = log }), 54)
   t.equal(restored(backup, paths.file "to time", { logs = log, stop = "2154-12-31 23:59" }), 54)
   t.raises("JET_errMissingLogFile", ese.restore, backup, paths.file "nowhere", { logs = log, stop = "7000:1:2" })
   t.raises("JET_errInvalidParameter", ese.restore, backup, paths.file "nowhere", { logs = log, stop = "noon" })
end)

t.case("a backup may be ended, and wrong ones are refused", function()
   local path, log = place()
   local mine = {}
   do
      local db <close>, source = open_kept(path, log)
      local is_ok, failure = pcall(db.backup, db, paths.file "failed", { progress = function()
         error(mine)
      end })
      t.is_true(not is_ok and failure == mine)
      t.raises("JET_errTermInProgress", db.backup, db, paths.file "ended", { progress = function()
         return false
      end })
      t.raises("JET_errBackupDirectoryNotEmpty", db.backup, db, log)
      source:insert_many { { id = 50, text = "25" }, { id = 51, text = "25" } }
      db:backup(paths.file "atomic", { atomic = true })
      t.raises_text("misspelt", db.backup, db, "x", { misspelt = true })
   end
   t.equal(restored(paths.file "atomic", paths.file "to atomic"), 52)
   local plain <close> = ese.open(paths.file "plain.edb", "w")
   t.raises("JET_errLoggingDisabled", plain.backup, plain, paths.file "plain")
end)

t.case("stores with logs of their own stand beside each other", function()
   local path = place()
   local a <close> = ese.dict(path, { log = true })
   local b <close> = ese.dict(path .. ".other", { log = true })
   a.items.a, b.items.b = 1, 2
   t.equal({ #a, #b }, { 1, 1 })
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
