--- Extensible Storage Engine databases: SRUDB.dat, WebCacheV01.dat, Windows.edb, ntds.dit and any other .edb file.
--
--     local ese = require "ese"
--     for row in ese.open("SRUDB.dat"):table("SruDbIdMapTable"):rows() do print(row.IdType, row.IdBlob) end
--
-- Errors are tables {code, name, category, message}; what a program expects (no such record) is nil or false instead.
-- docs/lua.md tells the rest.

local core = require "ese.core"
local database = require "ese.database"
local instance = require "ese.instance"
local keys = require "ese.keys"

---@class ese
local ese = {}

--- NULL as a value of a key, or of a row to write.
ese.null = keys.null

--- Opens, or creates, a database file. Modes: "r" for reading (the default: the file is never changed, nothing is
--- created beside it), "r+" for change, "w" for a new file whatever there was, "x" for one where there is none, "c" for
--- change and created when there is none.
---
--- damaged: reads a dirty or damaged file as far as possible. logs: a folder of logs; a database that was not shut
--- down is recovered with them into a copy that nobody else sees and that goes when it is closed (scratch: a folder
--- with room for it; base, ignore_lost_logs, progress: as for ese.recover), a clean one is simply opened.
---
--- log: a folder, or true for one beside the database: every change is logged there, a commit returns when it is on
--- the disk, and after a crash the next opening recovers what was committed (log_file_size: bytes; keep_logs: also
--- those that recovery does not need any more).
---@param path string
---@param mode? "r"|"r+"|"w"|"x"|"c"
---@param options? table damaged, page_size, logs, base, scratch, ignore_lost_logs, progress, log, log_file_size, ...
---@return ese.Database
function ese.open(path, mode, options)
   return database.open(path, mode, options)
end

--- A database as a dictionary, in order of its keys.
--- With a log every operation is on the disk when it returns, or, with `lazy`, soon, or after flush().
---@param path string
---@param flag? "r"|"w"|"c"|"n" as for dbm: read, write, create when missing (the default), always new
---@param options? {log: string|boolean|nil, lazy: boolean?}
---@return ese.Dict
function ese.dict(path, flag, options)
   return require("ese.dict").open(path, flag, options)
end

--- Brings databases that were not shut down up to date from their logs, in a copy of each.
---
---     local report = ese.recover { source = "evidence/ntds", to = "recovered" }
---     print(report, report.databases[1].path)
---
--- source: a folder with databases, or one database. to: folder of the results ("recovered" beside the source).
--- logs, system: folders of logs and checkpoint, if not beside the databases. base: three characters of their names.
--- maps: where databases lie now, {["path in the log"] = path} or paths that are recognised. in_place, ignore_missing,
--- ignore_lost_logs, drop_damaged_logs, newer: as for the command. stop: where to end, a position or a time as for the
--- command's --until. undo: false leaves what did not commit. progress: called with phase, done and total; when it
--- raises, so does recover, and when it returns false, JET_errTermInProgress is raised.
---@param options table
---@return ese.RecoveryReport
function ese.recover(options)
   return require("ese.recovery").recover(options)
end

--- Makes databases of a backup, in the folder `to`. logs: folder of the logs that were written after the backup. stop:
--- where to end in them.
---@param backup string
---@param to string
---@param options? {logs: string?, base: string?, maps: table?, stop: string?, progress: function?}
---@return ese.RecoveryReport
function ese.restore(backup, to, options)
   return require("ese.recovery").restore(backup, to, options)
end

--- Starts an engine of its own.
---@param name string
---@param options? table directory, recovery, page_size, log_path, system_path, base, log_file_size, circular, ...
---@return ese.Instance
function ese.instance(name, options)
   return instance.start(name, options)
end

--- The moment that a DateTime column holds, in the form of os.date("*t") with `usec`; nil for a value that is none.
---@param days number days since 1899-12-30
---@return {year: integer, month: integer, day: integer, hour: integer, min: integer, sec: integer, usec: integer}?
function ese.date(days)
   if not (days > -657435 and days < 2958466) or (days ~= 0 and math.abs(days) < 1e-11) then
      return nil
   end
   local whole, fraction = math.modf(days)
   local day = math.tointeger(whole)
   local usec = math.floor(math.abs(fraction) * 86400000000 + 0.5)
   if usec == 86400000000 then
      day, usec = day + 1, 0
   end
   -- the calendar in days since 0000-03-01, in eras of 400 years
   local z = day + 693899
   local era = z // 146097
   local doe = z - era * 146097
   local yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
   local doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
   local mp = (5 * doy + 2) // 153
   local month = mp < 10 and mp + 3 or mp - 9
   return {
      year = yoe + era * 400 + (month <= 2 and 1 or 0),
      month = month,
      day = doy - (153 * mp + 2) // 5 + 1,
      hour = usec // 3600000000,
      min = usec // 60000000 % 60,
      sec = usec // 1000000 % 60,
      usec = usec % 1000000,
   }
end

--- Every constant of the public C headers: ese.const.JET_coltypLong.
ese.const = instance.const

--- Making the engine fail on purpose, for tests.
ese.testing = {}

local fault_kinds = { alloc = 0, open = 1, read = 2, fatal = 3, term = 4, write = 5, full = 6, sync = 7 }

--- Calls `work` while the nth occasion fails: "alloc", "open", "read", "fatal" or "term" (docs/lua.md).
---@param kind string
---@param work function
---@param options? {nth: integer?, repeated: boolean?}
function ese.testing.fault(kind, work, options)
   options = options or {}
   local number = fault_kinds[kind] or error("no fault is called " .. tostring(kind), 2)
   core.arm_fault(number, options.nth or 1, options.repeated or false)
   local disarm <close> = setmetatable({}, { -- luacheck: ignore disarm
      __close = function()
         core.arm_fault(number, 0, false)
      end,
   })
   return work()
end

--- JetDupSession of a number that may be no session: raises what the engine says.
---@param number integer
function ese.testing.dup_handle(number)
   core.dup_handle(number)
end

--- JetDupSession without room for the answer.
---@param session ese.Session
function ese.testing.dup_nowhere(session)
   session.handle:dup_nowhere()
end

--- Closes an instance in another thread; the result is a function that waits for the end and gives the error code.
---@param ending ese.Instance
---@return fun(): integer
function ese.testing.close_elsewhere(ending)
   return ending.handle:close_elsewhere()
end

--- Memory blocks that the engine holds.
---@return integer
function ese.testing.live_allocations()
   return core.live_allocations()
end

return setmetatable(ese, {
   __index = function(_, key)
      error("ese has no field " .. tostring(key), 2)
   end,
})
