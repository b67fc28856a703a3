--- Instances, sessions and transactions.

local class = require "ese.class"
local core = require "ese.core"
local database = require "ese.database"

local PARAM_SYSTEM_PATH <const>, PARAM_TEMP_PATH <const>, PARAM_LOG_FILE_PATH <const> = 0, 1, 2
local PARAM_BASE_NAME <const>, PARAM_LOG_FILE_SIZE <const>, PARAM_CIRCULAR_LOG <const> = 3, 11, 17
local REPLAY_IGNORE_MISSING <const>, REPLAY_IGNORE_LOST <const> = 0x4, 0x80 -- JET_bitReplay...
local PARAM_RECOVERY <const>, PARAM_CREATE_PATH <const> = 34, 100
local BACKUP_INCREMENTAL <const>, BACKUP_ATOMIC <const> = 1, 4
local TRANSACTION_READ_ONLY <const>, COMMIT_LAZY <const> = 1, 1

---@class ese.Instance
local Instance, instance_metatable = class.closable("ese.Instance", function(self)
   return self.name
end)

---@class ese.Session
local Session, session_metatable = class.closable("ese.Session", function(self)
   return "of " .. self.instance.name
end)

local instance = {}

local constants

--- The constants of the public headers, made when somebody asks for one.
instance.const = setmetatable({}, {
   __index = function(_, name)
      constants = constants or core.constants()
      return constants[name] or error("the headers have no constant " .. tostring(name), 2)
   end,
   __newindex = function(_, name)
      error("constants are constant: " .. tostring(name), 2)
   end,
   __pairs = function()
      constants = constants or core.constants()
      return next, constants, nil
   end,
})

-- ---- instances

local function parameter_id(parameter)
   if math.type(parameter) == "integer" then
      return parameter
   end
   return instance.const["JET_param" .. parameter]
end

--- Sets a system parameter by name ("MaxSessions") or number; most can only be set before the start.
---@param parameter string|integer
---@param value string|integer|boolean
function Instance:set_parameter(parameter, value)
   if type(value) == "boolean" then
      value = value and 1 or 0
   end
   if type(value) == "string" then
      self.handle:set_parameter(parameter_id(parameter), 0, value)
   else
      self.handle:set_parameter(parameter_id(parameter), value, nil)
   end
end

--- The value of a system parameter that is a number.
---@return integer
function Instance:parameter(parameter)
   return self.handle:get_parameter(parameter_id(parameter), false).number
end

--- The value of a system parameter that is a text.
---@return string
function Instance:parameter_text(parameter)
   return self.handle:get_parameter(parameter_id(parameter), true).text
end

local function set_up(self, options)
   local function set_folder(parameter, folder)
      if folder then
         self:set_parameter(PARAM_CREATE_PATH, true)
         self:set_parameter(parameter, (folder:gsub("/*$", "/")))
      end
   end
   set_folder(PARAM_SYSTEM_PATH, options.system_path or options.directory)
   set_folder(PARAM_TEMP_PATH, options.directory or options.log_path)
   set_folder(PARAM_LOG_FILE_PATH, options.log_path or options.directory)
   if options.base then
      self:set_parameter(PARAM_BASE_NAME, options.base)
   end
   if options.log_file_size then
      self:set_parameter(PARAM_LOG_FILE_SIZE, -(-options.log_file_size // 1024))
   end
   if options.circular ~= nil then
      self:set_parameter(PARAM_CIRCULAR_LOG, options.circular)
   end
   self:set_parameter(PARAM_RECOVERY, options.recovery == false and "off" or "on")
   for parameter, value in pairs(options.parameters or {}) do
      self:set_parameter(parameter, value)
   end
   if options.page_size then
      self.handle:set_page_size(options.page_size)
   end
   self.handle:start((options.ignore_missing and REPLAY_IGNORE_MISSING or 0)
      | (options.ignore_lost_logs and REPLAY_IGNORE_LOST or 0), options.progress)
end

local start_options = {
   directory = true, recovery = true, parameters = true, page_size = true, log_path = true, system_path = true,
   base = true, log_file_size = true, circular = true, ignore_missing = true, ignore_lost_logs = true, progress = true,
}

---@return ese.Instance
function instance.start(name, options)
   options = class.options(options, start_options, 3)
   local self = setmetatable({ handle = core.create_instance(name), name = name }, instance_metatable)
   local is_ok, failure = pcall(set_up, self, options)
   if not is_ok then
      self:close()
      error(failure, 0)
   end
   return self
end

--- A new session: JetBeginSession.
---@return ese.Session
function Instance:session()
   return setmetatable({ handle = self.handle:begin_session(), instance = self, begun = {} }, session_metatable)
end

local backup_options = { incremental = true, atomic = true, progress = true }

--- Copies all open databases and the logs they need into a folder, while others go on reading and writing; ese.restore
--- makes databases of it. incremental: adds the logs that were written since. atomic: takes the place of the atomic
--- backup in the folder when all of it is there. progress: called with "backup", done and total, as for ese.recover.
---@param options? {incremental: boolean?, atomic: boolean?, progress: function?}
function Instance:backup(folder, options)
   options = class.options(options, backup_options)
   self.handle:backup(folder, (options.incremental and BACKUP_INCREMENTAL or 0)
      | (options.atomic and BACKUP_ATOMIC or 0), options.progress)
end

--- Refuses all further work; closing still works. JetStopServiceInstance.
function Instance:stop_service()
   self.handle:stop_service()
end

-- ---- sessions

--- JetDupSession: a new session on the same instance and nothing more. Transactions, open databases, cursors and
--- session parameters are not carried over; closing one session never affects the other.
---@return ese.Session
function Session:dup()
   return setmetatable({ handle = self.handle:dup(), instance = self.instance, begun = {} }, session_metatable)
end

--- Attaches and opens a database, or creates it, as ese.open does; for change, with the page size of the instance.
---@return ese.Database
function Session:open(path, mode, options)
   return database.open_in(self, path, mode, options)
end

--- The session of a database that ese.open made, which ends it.
function instance.session_of(handle, name)
   local owner = { handle = handle:instance(), name = name, is_borrowed = true } -- closes with the database
   setmetatable(owner, instance_metatable)
   return setmetatable({ handle = handle, instance = owner, begun = {}, is_borrowed = true }, session_metatable)
end

--- How many transactions are open, one inside the other.
---@return integer
function Session:level()
   return self.handle:level()
end

local function commit(session, handle, lazy)
   handle:commit(lazy and COMMIT_LAZY or 0)
   if lazy == false and session.handle:is_lazy() and session.handle:level() == 0 then
      session.handle:flush(false)
   end
end

local begin_options, commit_options = { read_only = true }, { lazy = true }

--- Begins a transaction, or a level inside the current one, that commit() or rollback() ends.
---@param options? {read_only: boolean?}
function Session:begin(options)
   local begun = self.begun -- a transaction that nobody refers to would be rolled back
   options = class.options(options, begin_options)
   while #begun > 0 and not begun[#begun]:is_open() do
      begun[#begun] = nil
   end
   begun[#begun + 1] = self.handle:begin(options.read_only and TRANSACTION_READ_ONLY or 0)
end

--- Commits the innermost transaction; JET_errNotInTransaction. lazy: as for transaction().
---@param options? {lazy: boolean?}
function Session:commit(options)
   commit(self, self.handle, class.options(options, commit_options).lazy)
end

--- Rolls the innermost transaction back; JET_errNotInTransaction.
function Session:rollback()
   self.handle:rollback()
end

--- Waits until all that was committed so far in the instance, by any session, is on the disk.
function Session:flush()
   self.handle:flush(true)
end

--- Whether commits do not wait for the disk unless they say so: not at first.
---@return boolean
function Session:is_lazy()
   return self.handle:is_lazy()
end

---@param is_lazy boolean
function Session:set_lazy(is_lazy)
   self.handle:set_lazy(is_lazy)
end

local transaction_options = { read_only = true, lazy = true }

local function finish(session, transaction, lazy, is_ok, ...)
   if is_ok then
      if transaction:is_open() then
         local is_good, failure = pcall(commit, session, transaction, lazy)
         if not is_good then
            pcall(transaction.close, transaction)
            error(failure, 0)
         end
      end
      return ...
   end
   pcall(transaction.close, transaction) -- the first error is the one to tell
   error((...), 0)
end

--- Calls `work` in a transaction, or in a level inside the current one: commits when it returns, rolls back exactly
--- this level when it raises, and raises the same error. Returns what `work` returns. Where there is a log, the end of
--- the outermost level waits until the changes are on the disk, unless it is lazy.
---@param work fun(session: ese.Session): ...
---@param options? {read_only: boolean?, lazy: boolean?}
function Session:transaction(work, options)
   options = class.options(options, transaction_options)
   local transaction = self.handle:begin(options.read_only and TRANSACTION_READ_ONLY or 0)
   return finish(self, transaction, options.lazy, pcall(work, self))
end

return instance
