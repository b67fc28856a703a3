--- Classes whose objects refuse unknown fields, close at the end of their scope and warn when they are forgotten.

local class = {}

--- A class: call it with the fields of an object. Methods are added to `methods`.
---@param name string
---@param describe fun(self: table): string
function class.new(name, describe)
   local methods = {}
   local metatable = {
      __name = name,
      __index = function(_, key)
         local method = methods[key]
         if method == nil then
            error(("%s has no field %s"):format(name, tostring(key)), 2)
         end
         return method
      end,
      __newindex = function(_, key)
         error(("%s takes no field %s"):format(name, tostring(key)), 2)
      end,
      __tostring = function(self)
         return ("<%s %s>"):format(name, describe(self))
      end,
   }
   return methods, metatable
end

--- The same for objects that are closed: methods close and closed, `<close>`, and a warning.
function class.closable(name, describe)
   local methods, metatable = class.new(name, function(self)
      return describe(self) .. (self.handle:is_open() and "" or " (closed)")
   end)

   function methods:close()
      self.handle:close()
   end

   function methods:closed()
      return not self.handle:is_open()
   end

   metatable.__close = methods.close
   metatable.__gc = function(self)
      local handle = rawget(self, "handle")
      if handle and not rawget(self, "is_borrowed") and handle:is_open() then
         warn("unclosed ", tostring(self))
      end
   end
   return methods, metatable
end

--- The options that were given, or none; an error for one that does not exist, since a misspelt one would do nothing.
---@param options table?
---@param known table<string, boolean>
---@param level? integer where the error is, as for error()
---@return table
function class.options(options, known, level)
   if options == nil then
      return {}
   elseif type(options) ~= "table" then
      error("options are a table", (level or 2) + 1)
   end
   for name in pairs(options) do
      if not known[name] then
         error(("there is no option %q"):format(tostring(name)), (level or 2) + 1)
      end
   end
   return options
end

--- What closes a handle of the core at the end of a scope, without saying when it cannot.
function class.closing(handle)
   return setmetatable({}, {
      __close = function()
         pcall(handle.close, handle)
      end,
   })
end

return class
