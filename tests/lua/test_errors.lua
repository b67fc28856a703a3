--- Errors as values, constants, and files that are no databases.

local core = require "ese.core"
local ese = require "ese"
local paths = require "paths"
local t = require "harness"

t.case("an error is a table that prints as its message", function()
   local failure = t.raises("JET_errFileNotFound", ese.open, paths.file "nobody.edb")
   t.equal(failure.code, -1811)
   t.equal(failure.category, "State")
   t.is_true(failure.message:find("nobody.edb", 1, true))
   t.equal(tostring(failure), failure.message .. " (JET_errFileNotFound -1811)")
end)

t.case("every documented error has a category", function()
   local list = core.error_list()
   t.is_true(#list > 400)
   for _, failure in ipairs(list) do
      t.is_true(math.type(failure.code) == "integer" and #failure.category > 0 and #failure.message > 0)
   end
end)

t.case("constants keep their sign and width", function()
   t.equal(ese.const.JET_bitObjectSystem, 0x80000000)
   t.equal(ese.const.JET_instanceNil, -1)
   t.equal(ese.const.JET_MovePrevious, -1)
   t.equal(ese.const.JET_errRecordNotFound, -1601)
   t.is_true(pcall(function()
      ese.const.JET_bitNil = 1
   end) == false)
end)

t.case("what is no database is refused", function()
   local contents = {
      empty = "",
      short = ("x"):rep(100),
      text = ("no database\n"):rep(5000),
      zeros = ("\0"):rep(65536),
   }
   for name, content in pairs(contents) do
      paths.write(paths.file(name), content)
      local is_ok, failure = pcall(ese.open, paths.file(name))
      t.is_true(not is_ok and failure.message:find(name, 1, true))
   end
   t.is_true(not pcall(ese.open, paths.scratch))
   t.raises_text("zero byte", ese.open, "a\0b")
   t.raises_text("no string", ese.open, 12)
end)

t.case("a dirty database says so and can be read all the same", function()
   t.raises("JET_errDatabaseDirtyShutdown", ese.open, paths.database "dirty-4k")
   local db <close> = ese.open(paths.database "dirty-4k", { damaged = true })
   t.equal(#db:table "notes", 100)
end)

t.case("a damaged page is an error, or left out and told", function()
   local content = paths.read(paths.database "types-4k")
   local at = content:find "row 17"
   paths.write(paths.file "damaged.edb", content:sub(1, at - 1) .. "lie" .. content:sub(at + 3))
   local function count(db)
      local n = 0
      for _ in db:table("heap"):rows() do
         n = n + 1
      end
      return n
   end
   do
      local db <close> = ese.open(paths.file "damaged.edb")
      local is_ok, failure = pcall(count, db)
      t.is_true(not is_ok and failure.category == "Corruption")
   end
   local db <close> = ese.open(paths.file "damaged.edb", { damaged = true })
   t.is_true(count(db) < 30)
   t.equal(db:problems()[1].page, (at - 1) // 4096 - 1)
end)

t.case("a file that cannot be opened or read", function()
   local function open()
      ese.open(paths.database "small-4k"):close()
   end
   t.raises("JET_errFileAccessDenied", ese.testing.fault, "open", open, { repeated = true })
   t.raises("JET_errDiskIO", ese.testing.fault, "read", open, { repeated = true })
end)
