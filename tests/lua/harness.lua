--- The smallest harness that tells what failed: named cases, and checks that show both operands.

local harness = { cases = {} }

--- A test case. Its name says what it specifies.
function harness.case(name, work)
   harness.cases[#harness.cases + 1] = { name = name, work = work }
end

local function show(value)
   if type(value) ~= "table" or getmetatable(value) and getmetatable(value).__tostring then
      return type(value) == "string" and ("%q"):format(value) or tostring(value)
   end
   local items = {}
   for key, item in pairs(value) do
      items[#items + 1] = ("%s = %s"):format(tostring(key), show(item))
   end
   table.sort(items)
   return "{" .. table.concat(items, ", ") .. "}"
end

local function same(a, b)
   if type(a) ~= "table" or type(b) ~= "table" then
      return a == b and math.type(a) == math.type(b)
   end
   for key, value in pairs(a) do
      if not same(value, rawget(b, key)) then
         return false
      end
   end
   for key in pairs(b) do
      if rawget(a, key) == nil then
         return false
      end
   end
   return true
end

--- Equal, tables by content; 1 and 1.0 differ.
function harness.equal(found, expected)
   if not same(found, expected) then
      error(("found %s, expected %s"):format(show(found), show(expected)), 2)
   end
end

function harness.is_true(found)
   if not found then
      error(("found %s"):format(show(found)), 2)
   end
end

--- `work` raises an error of the engine of that name; gives the error.
function harness.raises(name, work, ...)
   local is_ok, failure = pcall(work, ...)
   if is_ok then
      error(("no error, expected %s"):format(name), 2)
   elseif type(failure) ~= "table" or failure.name ~= name then
      error(("found %s, expected %s"):format(tostring(failure), name), 2)
   end
   return failure
end

--- `work` raises a plain error whose text contains `part`.
function harness.raises_text(part, work, ...)
   local is_ok, failure = pcall(work, ...)
   if is_ok or not tostring(failure):find(part, 1, true) then
      error(("found %s, expected an error with %q"):format(tostring(failure), part), 2)
   end
end

--- Runs all cases; prints those that fail, and the counts.
function harness.run()
   local passed, failed = 0, 0
   for _, case in ipairs(harness.cases) do
      local is_ok, failure = xpcall(case.work, function(value)
         return debug.traceback(tostring(value), 2)
      end)
      collectgarbage()
      if is_ok then
         passed = passed + 1
      else
         failed = failed + 1
         print(("FAIL %s\n%s"):format(case.name, failure))
      end
   end
   print(("%d passed, %d failed"):format(passed, failed))
   return failed == 0
end

return harness
