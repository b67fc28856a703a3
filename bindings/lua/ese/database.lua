--- Databases: opened, created, and the tables in them.

local class = require "ese.class"
local core = require "ese.core"
local ddl = require "ese.ddl"
local tables = require "ese.table"

local READ_DAMAGED <const> = 0x10000000
local OBJECT_SYSTEM <const> = 0x80000000

---@class ese.Database
local Database, metatable = class.closable("ese.Database", function(self)
   return self.path
end)

metatable.__len = function(self)
   return #self:tables()
end

local database = {}

local open_options = {
   damaged = true, page_size = true, log = true, log_file_size = true, keep_logs = true, logs = true, scratch = true,
   base = true, ignore_lost_logs = true, progress = true,
}
local modes = { r = 0, ["r+"] = 1, w = 2, x = 3, c = 4 } -- ese_model_access

-- The mode may be left out: open(path, options).
local function arguments(mode, options)
   if type(mode) == "table" or mode == true then
      mode, options = nil, mode
   end
   options = class.options(options, open_options, 4)
   local access = modes[mode or "r"] or error("a mode is one of r, r+, w, x, c", 4)
   if options.damaged and access ~= 0 then
      error("a damaged database can only be read", 4)
   elseif options.logs and (access ~= 0 or options.damaged) then
      error("a database that is recovered into a copy can only be read, and is not damaged", 4)
   end
   if options.log and access == 0 then
      error("only changes are logged; logs = FOLDER recovers a database to read it", 4)
   end
   return access, options.damaged and READ_DAMAGED or 0, options
end

local function wrap(handle, path, access, session, report)
   local state = { version = 0, is_writable = access ~= 0, session = session, report = report }
   return setmetatable({ handle = handle, path = path, state = state }, metatable)
end

local advice = {
   read = "; ese.open(path, {logs = FOLDER}) does so in a copy, {damaged = true} reads the file as it is",
   change = "; {log = FOLDER} does so if its log is there, and else ese.recover {source = path, in_place = true}",
}

-- What the error of a dirty database leaves open.
local function advise(failure, access)
   if type(failure) == "table" and failure.name == "JET_errDatabaseDirtyShutdown" then
      failure.message = failure.message .. (access == 0 and advice.read or advice.change)
   end
   return failure
end

--- The folder of the log of a database; nil for none.
function database.log_folder(path, log)
   if log == true then
      return path .. ".log"
   end
   return log or nil
end

---@return ese.Database
function database.open(path, mode, options)
   local access, grbit, chosen = arguments(mode, options)
   if chosen.logs then
      local handle, report = require("ese.recovery").open(path, chosen)
      return wrap(handle, path, access, nil, report)
   end
   local is_ok, handle = pcall(core.open_file, path, access, grbit, chosen.page_size or 0,
      database.log_folder(path, chosen.log), chosen.log_file_size or 0, chosen.keep_logs or false, chosen.progress)
   if not is_ok then
      error(advise(handle, access), 0)
   end
   return wrap(handle, path, access)
end

---@return ese.Database
function database.open_in(session, path, mode, options)
   local access, grbit = arguments(mode, options)
   return wrap(session.handle:open_database(path, access, grbit), path, access, session)
end

local function names(self, is_system)
   local found = {}
   for _, item in ipairs(self.handle:tables()) do
      if (item.flags & OBJECT_SYSTEM ~= 0) == is_system then
         found[#found + 1] = item.name
      end
   end
   return found
end

--- The names of the user tables, in order.
---@return string[]
function Database:tables()
   return names(self, false)
end

--- The names of the engine's own tables, in order.
---@return string[]
function Database:system_tables()
   return names(self, true)
end

--- The table of that name, upper and lower case being the same; JET_errObjectNotFound.
---@param name string
---@return ese.Table
function Database:table(name)
   return tables.open(self, name)
end

-- ---- changing the schema

--- Tables read the schema again.
function Database:touch()
   self.state.version = self.state.version + 1
end

--- Makes a table with its columns and indexes, all or nothing, and opens it.
---
---     db:create_table("people", {
---        { "id", "long", autoincrement = true }, { "name", "text", size = 100, not_null = true },
---        { "tags", "long text", multi_valued = true },
---     }, { primary_key = "id", indexes = { { "byName", "name" } } })
---@return ese.Table
function Database:create_table(name, columns, options)
   ddl.create_table(self.handle, name, columns, options)
   return tables.open(self, name)
end

--- Deletes a table with all its records; JET_errObjectNotFound, JET_errTableInUse.
function Database:delete_table(name)
   self.handle:delete_table(name)
end

--- Gives a table another name.
function Database:rename_table(name, new_name)
   self.handle:rename_table(name, new_name)
end

--- Makes the file so many pages long, or as short as its content allows; returns how many there are now.
---@return integer
function Database:resize(pages)
   return self.handle:resize(pages)
end

-- ---- transactions

--- The session in which the database is open; `db:session():dup()` is another one.
---@return ese.Session
function Database:session()
   local state = self.state
   state.session = state.session or require("ese.instance").session_of(self.handle:session(), self.path)
   return state.session
end

--- Calls `work` in a transaction of the session, as Session:transaction does.
function Database:transaction(work, options)
   return self:session():transaction(work, options)
end

-- ---- the file

--- Backs up this database, and others of its instance, as Instance:backup does; JET_errLoggingDisabled without a log.
function Database:backup(folder, options)
   return self:session().instance:backup(folder, options)
end

--- What the header of the file says: size, page_size, version, update, state, signature, ...
---@return table
function Database:info()
   return self.handle:info()
end

--- What was done to open it with logs, as ese.recover tells it; nil when it was clean.
---@return ese.RecoveryReport?
function Database:recovery()
   return self.state.report
end

--- What was left out so far of a database opened with `damaged`: {page, code, name, text}, in the order met.
---@return table[]
function Database:problems()
   local found = {}
   while true do
      local problem = self.handle:problem(#found)
      if problem == nil then
         return found
      end
      found[#found + 1] = problem
   end
end

return database
