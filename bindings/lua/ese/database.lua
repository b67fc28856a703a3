--- Databases, and the tables in them.

local class = require "ese.class"
local core = require "ese.core"
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

local open_options = { damaged = true }

local function grbit(options)
   return class.options(options, open_options, 4).damaged and READ_DAMAGED or 0
end

local function wrap(handle, path)
   return setmetatable({ handle = handle, path = path }, metatable)
end

---@return ese.Database
function database.open(path, options)
   return wrap(core.open_file(path, grbit(options)), path)
end

---@return ese.Database
function database.open_in(session, path, options)
   return wrap(session:open_database(path, grbit(options)), path)
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

--- What the header of the file says: size, page_size, version, update, state, signature, ...
---@return table
function Database:info()
   return self.handle:info()
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
