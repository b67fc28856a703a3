--- Instances, sessions and transactions.

local class = require "ese.class"
local core = require "ese.core"
local database = require "ese.database"

local PARAM_SYSTEM_PATH <const>, PARAM_TEMP_PATH <const>, PARAM_LOG_FILE_PATH <const> = 0, 1, 2
local PARAM_RECOVERY <const>, PARAM_CREATE_PATH <const> = 34, 100
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
   if options.directory then
      local directory = options.directory:gsub("/*$", "/")
      self:set_parameter(PARAM_CREATE_PATH, true)
      self:set_parameter(PARAM_SYSTEM_PATH, directory)
      self:set_parameter(PARAM_TEMP_PATH, directory)
      self:set_parameter(PARAM_LOG_FILE_PATH, directory)
   end
   self:set_parameter(PARAM_RECOVERY, options.recovery == false and "off" or "on")
   for parameter, value in pairs(options.parameters or {}) do
      self:set_parameter(parameter, value)
   end
   if options.page_size then
      self.handle:set_page_size(options.page_size)
   end
   self.handle:start()
end

local start_options = { directory = true, recovery = true, parameters = true, page_size = true }

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
   return setmetatable({ handle = self.handle:begin_session(), instance = self }, session_metatable)
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
   return setmetatable({ handle = self.handle:dup(), instance = self.instance }, session_metatable)
end

--- Attaches and opens a database, or creates it, as ese.open does; for change, with the page size of the instance.
---@return ese.Database
function Session:open(path, mode, options)
   return database.open_in(self, path, mode, options)
end

--- The session of a database that ese.open made, which ends it.
function instance.session_of(handle, name)
   local owner = { name = name } -- closes with the database
   return setmetatable({ handle = handle, instance = owner, is_borrowed = true }, session_metatable)
end

--- How many transactions are open, one inside the other.
---@return integer
function Session:level()
   return self.handle:level()
end

local transaction_options = { read_only = true, lazy = true }

local function finish(transaction, grbit, is_ok, ...)
   if is_ok then
      if transaction:is_open() then
         local is_good, failure = pcall(transaction.commit, transaction, grbit)
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
--- this level when it raises, and raises the same error. Returns what `work` returns.
---@param work fun(session: ese.Session): ...
---@param options? {read_only: boolean?, lazy: boolean?}
function Session:transaction(work, options)
   options = class.options(options, transaction_options)
   local transaction = self.handle:begin(options.read_only and TRANSACTION_READ_ONLY or 0)
   return finish(transaction, options.lazy and COMMIT_LAZY or 0, pcall(work, self))
end

return instance
