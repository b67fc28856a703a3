--- Databases that were not shut down: recovered into copies, opened with their logs, restored from backups.

local ese = require "ese"
local paths = require "paths"
local t = require "harness"

local corpus = (os.getenv "ESE_SHARED" or paths.here .. "../../../shared") .. "/corpus"
local compare_script = corpus .. "/compare.py"
local probe = io.open(compare_script)
if not probe then
   print(("skipped: no databases in %s"):format(corpus))
   return
end
probe:close()

local made = 0

--- Unpacks a set of databases and logs into a new folder.
local function unpack_set(name)
   made = made + 1
   local folder = paths.file("recovery" .. made)
   local source = corpus .. "/golden/" .. name
   paths.shell('mkdir %s && cp -r %s/. %s && chmod -R u+w %s && gzip -dr %s', folder, source, folder, folder, folder)
   return folder
end

local function exists(path)
   local file <close> = io.open(path)
   return file ~= nil
end

--- Every record and the order of every index, against what is recorded.
local function compare(database, expected, ...)
   local actual = paths.file "actual.jsonl"
   local options = table.concat({ ... }, " ")
   paths.shell("%s %s " .. options .. " %s >%s", paths.interpreter, paths.here .. "dump.lua", database, actual)
   paths.shell("python3 %s %s %s --skip-system >%s", compare_script, expected, actual, paths.file "compared")
end

t.case("a crashed database is recovered to its expected content", function()
   for _, name in ipairs { "crash-04k-open", "crash-08k-ddl", "crash-32k-lazy" } do
      local folder = unpack_set(name)
      local report = ese.recover { source = folder, to = folder .. "/out" }
      t.equal(report.databases[1].result, folder .. "/out/data.edb")
      t.is_true(report.committed > 0)
      t.equal(report.warnings, {})
      t.is_true(tostring(report):find("transactions committed", 1, true))
      compare(folder .. "/out/data.edb", folder .. "/expected.jsonl")
   end
end)

t.case("one line opens a crashed database with its logs, and changes nothing", function()
   local folder = unpack_set "crash-04k-durable"
   local before = paths.read(folder .. "/data.edb")
   compare(folder .. "/data.edb", folder .. "/expected.jsonl", "--logs=" .. folder)
   local scratch = folder .. "/scratch"
   paths.shell("mkdir %s", scratch)
   do
      local db <close> = ese.open(folder .. "/data.edb", { logs = folder, scratch = scratch })
      t.is_true(db:recovery().rolled_back >= 0)
      t.equal(db:recovery().databases[1].result, nil)
      t.equal(db:info().state, ese.const.JET_dbstateCleanShutdown)
      t.raises("JET_errPermissionDenied", db.create_table, db, "t", { { "a", "long" } })
      t.is_true(os.remove(scratch)) -- empty already
   end
   t.is_true(paths.read(folder .. "/data.edb") == before)
   t.is_true(not exists(folder .. "/recovered"))
end)

t.case("a clean database is simply opened", function()
   local db <close> = ese.open(paths.database "small-4k", { logs = "/nowhere" })
   t.equal(db:recovery(), nil)
end)

t.case("without logs the error says which are needed", function()
   local folder = unpack_set "crash-04k-durable"
   local failure = t.raises("JET_errDatabaseDirtyShutdown", ese.open, folder .. "/data.edb")
   t.is_true(failure.message:find("00000001 to 00000007", 1, true))
   t.is_true(failure.message:find("logs =", 1, true))
   t.is_true(os.remove(folder .. "/edb00000003.log"))
   local is_ok, missing = pcall(ese.recover, { source = folder })
   t.equal(is_ok, false)
   t.is_true(missing.message:find("3", 1, true))
end)

t.case("a database that has moved is found by a map", function()
   local folder = unpack_set "crash-04k-durable"
   local moved = paths.file "elsewhere.edb"
   t.is_true(os.rename(folder .. "/data.edb", moved))
   for _, maps in ipairs { { ["D:\\data\\data.edb"] = moved }, { moved } } do
      local report = ese.recover { source = folder, to = folder .. "/out", maps = maps }
      t.equal(report.databases[1].source, moved)
      ese.open(report.databases[1].path):close()
   end
end)

t.case("logs that no database needs may be given up", function()
   local folder = unpack_set "dmg-way-missing-current"
   t.raises("JET_errCommittedLogFilesMissing", ese.recover, { source = folder })
   local report = ese.recover { source = folder, ignore_lost_logs = true, in_place = true }
   t.is_true(report.missing)
   t.is_true(report.warnings[1]:find "lost")
   ese.open(folder .. "/data.edb"):close()
end)

t.case("progress is told and may end it", function()
   local folder = unpack_set "crash-04k-durable"
   local phases = {}
   ese.recover {
      source = folder, to = folder .. "/out", progress = function(phase, done, total)
         phases[phase] = true
         t.is_true(done <= total)
      end,
   }
   t.is_true(phases.redo)
   local mine = {}
   local is_ok, failure = pcall(ese.recover, {
      source = folder, to = folder .. "/none", progress = function()
         error(mine)
      end,
   })
   t.is_true(not is_ok and failure == mine)
   local function stop()
      return false
   end
   t.raises("JET_errTermInProgress", ese.recover, { source = folder, to = folder .. "/none", progress = stop })
   t.raises("JET_errTermInProgress", ese.open, folder .. "/data.edb", { logs = folder, progress = stop })
   t.is_true(not exists(folder .. "/none"))
   t.raises_text("progress", ese.recover, { source = folder, progress = 1 })
   t.raises_text("coroutine", ese.recover, { source = folder, to = folder .. "/none", progress = coroutine.yield })
end)

t.case("a backup is restored alone and with the logs behind it", function()
   local folder = unpack_set "backup-04k"
   local report = ese.restore(folder .. "/backup", folder .. "/alone")
   t.equal(report.databases[1].result, folder .. "/alone/data.edb")
   compare(folder .. "/alone/data.edb", folder .. "/expected.jsonl")
   ese.restore(folder .. "/backup", folder .. "/forward", { logs = folder .. "/live" })
   compare(folder .. "/forward/data.edb", folder .. "/expected-rollforward.jsonl")
end)

t.case("sources are never replaced by results, and what failed leaves no folder", function()
   local folder = unpack_set "crash-04k-durable"
   local before = paths.read(folder .. "/data.edb")
   t.raises("JET_errInvalidParameter", ese.recover, { source = folder, to = folder })
   t.raises("JET_errInvalidParameter", ese.recover, { source = folder, to = "" })
   t.raises("JET_errFileNotFound", ese.recover, { source = folder .. "/nowhere" })
   t.raises("JET_errMissingLogFile", ese.recover, { source = folder, base = "xyz" })
   t.is_true(not exists(folder .. "/recovered"))
   t.equal(paths.read(folder .. "/data.edb"), before)
end)

t.case("databases that were passed over and logs that were given up are told", function()
   local foreign = ese.recover { source = unpack_set "dmg-foreign-db", ignore_missing = true }
   t.equal(foreign.databases[1].outcome, "foreign")
   t.equal(foreign.warnings, { [[D:\data\data.edb: the file is not the database of the log]] })
   local lost = ese.recover { source = unpack_set "dmg-way-missing-current", ignore_lost_logs = true }
   t.equal(lost.warnings, { "what was committed in log 00000006 is lost: missing, and given up" })
end)

t.case("wrong options of recovery are refused", function()
   t.raises_text("misspelt", ese.recover, { source = "x", misspelt = true })
   t.raises("JET_errInvalidParameter", ese.recover, {})
   t.raises_text("maps are a table of paths, not a number", ese.recover, { source = "x", maps = 3 })
   t.raises_text("needs a folder", ese.restore, "x")
   t.raises_text("maps are a table of paths, not a boolean", ese.restore, "x", "y", { maps = true })
   t.raises_text("read", ese.open, "x", "r+", { logs = "x" })
   t.raises("JET_errFileNotFound", ese.open, paths.file "nothing.edb", { logs = "/tmp" })
end)
