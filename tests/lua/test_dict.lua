--- ese.dict: a dictionary in a file, in order of its keys.

local ese = require "ese"
local paths = require "paths"
local t = require "harness"

local n_dicts = 0

local function with_dict(work)
   n_dicts = n_dicts + 1
   local path = paths.file("dict" .. n_dicts .. ".edb")
   local d <close> = ese.dict(path)
   return work(d, path)
end

local function collect(next_item, state, control, closing)
   local found = {}
   for key, value in next_item, state, control, closing do
      found[#found + 1] = { key, value }
   end
   return found
end

t.case("keys and values keep their type, and stand in order", function()
   with_dict(function(d, path)
      d.items.b, d.items.a = 2, "one"
      d.items[7] = "\0\xff"
      d:set(-1, 1.5)
      d:set("ü🦊", true)
      d:set("", false)
      t.equal(d:get "a", "one")
      t.equal({ d.items[7], d.items.missing }, { "\0\xff" })
      t.equal(collect(pairs(d)), {
         { -1, 1.5 }, { 7, "\0\xff" }, { "", false }, { "a", "one" }, { "b", 2 }, { "ü🦊", true },
      }) -- stylua: ignore
      t.equal(#d, 6)
      t.equal(#d.items, 6)
      d.items.a = nil
      d:set("b", nil)
      t.equal({ d:delete "b", d:delete "ü🦊" }, { false, true })
      d:close()
      local again <close> = ese.dict(path, "r")
      t.equal(collect(pairs(again.items)), { { -1, 1.5 }, { 7, "\0\xff" }, { "", false } })
      t.raises_text("a key is an integer or a string", again.get, again, 1.5)
   end)
end)

t.case("keys may be as long with a log as without", function()
   for i, log in ipairs { false, true } do
      local path = paths.file("long" .. i .. ".edb")
      local longest = ("k"):rep(1775)
      local d <close> = ese.dict(path, "n", { log = log or nil })
      d:set(longest, i)
      t.equal(d:get(longest), i)
      t.equal(pcall(d.set, d, ("k"):rep(1776), 1), false)
      d:close()
      local db <close> = ese.open(path)
      t.equal(db:info().page_size, 8192)
   end
end)

t.case("integers of every size sort as numbers", function()
   with_dict(function(d)
      local numbers = { math.mininteger, -65537, -65536, -257, -256, -255, -1, 0, 1, 255, 256, 65535, math.maxinteger }
      for i = #numbers, 1, -1 do
         d:set(numbers[i], i)
      end
      local found = {}
      for key, value in d:pairs() do
         t.equal(numbers[value], key)
         found[#found + 1] = key
      end
      t.equal(found, numbers)
   end)
end)

t.case("ranges", function()
   with_dict(function(d)
      for letter in ("abcdefgh"):gmatch "." do
         d:set(letter, letter:byte())
      end
      t.equal(collect(d:pairs("c", "f")), { { "c", 99 }, { "d", 100 }, { "e", 101 } })
      t.equal(collect(d:pairs("g")), { { "g", 103 }, { "h", 104 } })
      t.equal(collect(d:pairs(nil, "c", { reverse = true })), { { "b", 98 }, { "a", 97 } })
      t.equal({ d:count("b", "d"), d:clear("b", "g"), #d, d:clear(), #d }, { 2, 5, 3, 3, 0 })
   end)
end)

t.case("many keys at once, all or none", function()
   with_dict(function(d)
      d:update { a = 1, b = 2, [3] = "three" }
      t.equal(#d, 3)
      local is_ok, failure = pcall(d.transaction, d, function()
         d:set("a", 9)
         d:clear()
         error("enough", 0)
      end)
      t.equal({ is_ok, failure, d:get "a" }, { false, "enough", 1 })
      t.raises_text("a value is a boolean, a number or a string", d.update, d, { x = {} })
      t.equal({ d:pop "a", d:pop "a", #d }, { 1, nil, 2 })
   end)
end)

t.case("changing while walking does no harm", function()
   with_dict(function(d)
      local values = {}
      for i = 1, 2000 do
         values[i] = i
      end
      d:update(values)
      for key in d:pairs() do
         if key % 2 == 1 then
            d:delete(key)
         end
      end
      t.equal(#d, 1000)
   end)
end)

t.case("flags", function()
   local path = paths.file "flags.edb"
   t.raises("JET_errFileNotFound", ese.dict, path, "w")
   ese.dict(path, "c"):close()
   t.raises_text("a flag is one of", ese.dict, path, "x")
   local d <close> = ese.dict(path, "n")
   t.equal(#d, 0)
   t.equal(tostring(d), "<ese.Dict " .. path .. ">")
end)
