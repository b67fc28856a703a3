--- A database as a dictionary: the same file as ese.dict of Python makes.
--
-- A key is a byte that tells its type, and bytes that sort as the key does within its type: integers by size, then
-- bytes, then texts
-- by code points. A string of Lua is a text when it is valid UTF-8, and bytes otherwise.

local class = require "ese.class"
local database = require "ese.database"
local keys = require "ese.keys"
local tables = require "ese.table"

local TABLE <const> = "dict"
local KEY_MOST <const> = { [2048] = 500, [4096] = 1000 } -- bytes, by the size of a page; 2000 with larger ones
local COLUMNS <const> = { "key", "bytes", "text", "integer", "real", "bit", "pickle" }
local modes = { r = "r", w = "r+", c = "c", n = "w" }

---@class ese.Dict
local Dict, metatable = class.closable("ese.Dict", function(self)
   return self.database.path
end)

local dict = {}

-- ---- keys and values

local function encode_integer(number)
   local bytes = (">I8"):pack(number >= 0 and number or ~number):gsub("^\0+", "")
   if number >= 0 then
      return string.char(0x11, #bytes) .. bytes
   end
   return string.char(0x10, 255 - #bytes) .. bytes:gsub(".", function(byte)
      return string.char(255 - byte:byte())
   end)
end

local function encode_key(key)
   if math.type(key) == "integer" then
      return encode_integer(key)
   elseif type(key) == "string" then
      return (utf8.len(key) and "\x30" or "\x20") .. key
   end
   error("a key is an integer or a string, not a " .. (math.type(key) or type(key)), 3)
end

local function decode_key(data)
   local kind = data:byte(1)
   if kind == 0x11 and #data <= 10 then
      return (">I8"):unpack(("\0"):rep(10 - #data) .. data:sub(3))
   elseif kind == 0x10 and #data <= 10 then
      return (">i8"):unpack(("\255"):rep(10 - #data) .. data:sub(3))
   elseif kind == 0x20 or kind == 0x30 then
      return data:sub(2)
   end
   return data -- an integer of more than 64 bits, which Lua does not have
end

local columns_by_type = { boolean = 6 }

-- The values of the columns, from the key on.
local function encode_row(key, value)
   local column = columns_by_type[type(value)]
   if type(value) == "string" then
      column = utf8.len(value) and 3 or 2
   elseif type(value) == "number" then
      column = math.type(value) == "integer" and 4 or 5
   elseif not column then
      error("a value is a boolean, a number or a string, not a " .. type(value), 3)
   end
   return { encode_key(key), [column] = value }
end

local function decode_value(row)
   if row[7] then
      error("the value is an object of Python", 0)
   end
   for i = 2, 6 do
      if row[i] ~= nil then
         return row[i]
      end
   end
   return nil
end

-- ---- opening

local function open_table(db, flag)
   local is_ok, found = pcall(db.table, db, TABLE)
   if is_ok then
      return found
   elseif flag == "r" or flag == "w" or found.name ~= "JET_errObjectNotFound" then
      error(found, 0)
   end
   return db:create_table(TABLE, {
      { "key", "long binary", not_null = true },
      { "bytes", "long binary" },
      { "text", "long text" },
      { "integer", "long long", tagged = true },
      { "real", "double", tagged = true },
      { "bit", "bit", tagged = true },
      { "pickle", "long binary" },
   }, { primary_key = { "key", key_most = KEY_MOST[db:info().page_size] or 2000, disallow_truncation = true } })
end

-- d.items[key], d.items[key] = value, pairs(d.items), #d.items
local function items_of(self)
   return setmetatable({}, {
      __index = function(_, key)
         return self:get(key)
      end,
      __newindex = function(_, key, value)
         if value == nil then
            self:delete(key)
         else
            self:set(key, value)
         end
      end,
      __len = function()
         return self:count()
      end,
      __pairs = function()
         return self:pairs()
      end,
   })
end

-- What is read of a record: its columns as an array.
local function plan_of(table_)
   local plan = { outputs = {} }
   for i, name in ipairs(COLUMNS) do
      local column = table_:column(name)
      plan.outputs[i] = { column.id, column.type, column.code_page, false }
   end
   return plan
end

local dict_options = { log = true, lazy = true }

---@return ese.Dict
function dict.open(path, flag, options)
   if type(flag) == "table" then
      flag, options = nil, flag
   end
   options = class.options(options, dict_options, 3)
   local mode = modes[flag or "c"] or error("a flag is one of r, w, c, n", 3)
   local db = database.open(path, mode, { log = mode ~= "r" and options.log or nil })
   if options.log and options.lazy then
      db:session():set_lazy(true)
   end
   local is_ok, found = pcall(open_table, db, flag or "c")
   if not is_ok then
      db:close()
      error(found, 0)
   end
   local self = { handle = db.handle, database = db, table = found, plan = plan_of(found) }
   self.items = items_of(self)
   return setmetatable(self, metatable)
end

-- ---- the dictionary

--- The value of a key, or nil.
function Dict:get(key)
   local data = encode_key(key)
   local row = tables.fetch(self.table, "dict", self.plan, function(types)
      return keys.make(data, types, keys.EXACTLY)
   end)
   return row and decode_value(row)
end

--- Sets a key to a boolean, a number or a string; nil deletes it.
function Dict:set(key, value)
   if value == nil then
      self:delete(key)
   else
      self.table:upsert_many({ encode_row(key, value) }, { columns = COLUMNS })
   end
end

--- Deletes a key; false when there was none.
---@return boolean
function Dict:delete(key)
   return self.table:delete(encode_key(key))
end

--- Deletes a key and returns its value, or nil.
function Dict:pop(key)
   return self:transaction(function()
      local value = self:get(key)
      if value ~= nil then
         self:delete(key)
      end
      return value
   end)
end

--- Sets many keys from a table, all or none.
function Dict:update(values)
   local rows = {}
   for key, value in pairs(values) do
      rows[#rows + 1] = encode_row(key, value)
   end
   self:transaction(function()
      self.table:upsert_many(rows, { columns = COLUMNS })
   end)
end

local function range(self, lower, upper)
   local index = self.table:index()
   if lower == nil and upper == nil then
      return index
   end
   return index:range(lower ~= nil and encode_key(lower) or nil, upper ~= nil and encode_key(upper) or nil)
end

local pairs_options = { reverse = true }

--- Keys and values in order, for `for`: from `lower` (included) to `upper` (not included).
---@param options? {reverse: boolean?}
function Dict:pairs(lower, upper, options)
   local is_backward = class.options(options, pairs_options).reverse or false
   local rows = { range(self, lower, upper):rows { columns = COLUMNS, tuples = true, reverse = is_backward } }
   return function()
      local row = rows[1]()
      if row then
         return decode_key(row[1]), decode_value(row)
      end
   end, nil, nil, rows[4]
end

metatable.__pairs = function(self)
   return self:pairs()
end

--- How many keys there are, from `lower` (included) to `upper` (not included).
---@return integer
function Dict:count(lower, upper)
   return range(self, lower, upper):count()
end

metatable.__len = function(self)
   return self:count()
end

--- Deletes the keys from `lower` (included) to `upper` (not included), or all; returns how many there were.
---@return integer
function Dict:clear(lower, upper)
   return range(self, lower, upper):delete()
end

--- Waits until all that was done so far is on the disk. Without a log it does nothing.
function Dict:flush()
   self.database:session():flush()
end

--- Calls `work` in a transaction: all that it does happens at once, or after an error not at all.
function Dict:transaction(work, options)
   return self.database:transaction(function()
      return work(self)
   end, options)
end

return dict
