--- Long values as files: read, write, seek, lines and close as files of io have them.

local class = require "ese.class"

local PIECE <const> = 1 << 16
local LONGEST <const> = (1 << 31) - 1

---@class ese.Stream
local Stream, metatable = class.new("ese.Stream", function(self)
   return self.state.is_closed and "(closed)" or self.column
end)

metatable.__close = function(self)
   self:close()
end

local stream = {}

--- The bytes of a value, of an update (which alone can be written) or of the record on which a cursor of its own
--- stands.
---@return ese.Stream
function stream.open(cursor, column, value, is_update, on_close)
   return setmetatable({
      cursor = cursor,
      column = column.name,
      id = column.id,
      value = value,
      is_update = is_update,
      state = { position = 0, is_closed = false, on_close = on_close },
   }, metatable)
end

local function check(self)
   if self.state.is_closed then
      error("attempt to use a closed stream", 3)
   end
end

--- How many bytes there are; 0 for NULL.
---@return integer
function Stream:size()
   check(self)
   return self.cursor:stream_size(self.id, self.value, self.is_update)
end

local function read_bytes(self, n)
   local state = self.state
   n = math.min(n, math.max(self:size() - state.position, 0))
   local bytes = n > 0 and self.cursor:stream_read(self.id, self.value, self.is_update, state.position, n) or ""
   state.position = state.position + #bytes
   return bytes
end

local function read_line(self, keeps_end)
   local start, parts = self.state.position, {}
   while true do
      local piece = read_bytes(self, PIECE)
      local at = piece:find("\n", 1, true)
      if at or piece == "" then
         parts[#parts + 1] = piece:sub(1, at or 0)
         local line = table.concat(parts)
         self.state.position = start + #line
         if line == "" then
            return nil
         end
         return keeps_end and line or (line:gsub("\n$", ""))
      end
      parts[#parts + 1] = piece
   end
end

local function read_one(self, format)
   format = type(format) == "string" and format:gsub("^%*", "") or format
   if format == "a" then
      return read_bytes(self, LONGEST)
   elseif format == "l" or format == "L" then
      return read_line(self, format == "L")
   elseif math.type(format) ~= "integer" or format < 0 then
      error("a format is a number of bytes, a, l or L", 4)
   end
   local bytes = read_bytes(self, format)
   if bytes == "" and (format > 0 or self.state.position >= self:size()) then
      return nil
   end
   return bytes
end

--- Reads by formats, as file:read: a number of bytes, "a", "l" (the default) or "L"; nil at the end.
function Stream:read(...)
   check(self)
   local results = {}
   local formats = select("#", ...) == 0 and { "l" } or { ... }
   for i, format in ipairs(formats) do
      results[i] = read_one(self, format)
      if results[i] == nil then
         return table.unpack(results, 1, i)
      end
   end
   return table.unpack(results)
end

--- Lines, for `for`.
function Stream:lines(format)
   return function()
      return self:read(format or "l")
   end
end

local function check_writable(self)
   if self.state.is_closed then
      error("attempt to use a closed stream", 3)
   elseif not self.is_update then
      error("a value is written in an update", 3)
   end
end

--- Writes at the position; a gap behind the end is filled with zeros. Returns the stream.
---@return ese.Stream
function Stream:write(...)
   check_writable(self)
   for _, piece in ipairs { ... } do
      piece = tostring(piece)
      self.cursor:stream_write(self.id, self.value, self.state.position, piece)
      self.state.position = self.state.position + #piece
   end
   return self
end

local starts = { set = true, cur = true, ["end"] = true }

--- Moves the position, as file:seek, and returns it.
---@param whence? "set"|"cur"|"end"
---@param offset? integer
---@return integer
function Stream:seek(whence, offset)
   check(self)
   whence = whence or "cur"
   if not starts[whence] then
      error("whence is one of set, cur, end", 2)
   end
   local start = whence == "set" and 0 or whence == "cur" and self.state.position or self:size()
   if start + (offset or 0) < 0 then
      error("a position is not negative", 2)
   end
   self.state.position = start + (offset or 0)
   return self.state.position
end

--- Cuts, or extends with zeros, to so many bytes: without an argument, to the position.
function Stream:truncate(size)
   check_writable(self)
   self.cursor:stream_resize(self.id, self.value, size or self.state.position)
end

--- Ends it. A second time does nothing.
function Stream:close()
   local state = self.state
   if not state.is_closed and state.on_close then
      state.on_close()
   end
   state.is_closed = true
end

function Stream:closed()
   return self.state.is_closed
end

return stream
