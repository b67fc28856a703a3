--- A ledger that is written while the process dies: a look at it in a copy, its recovery, and the same from a report.
--
-- usage: lua5.4 recover.lua FILE              the ledger is in FILE.ledger, which is made for the time of the program
--        lua5.4 recover.lua DATABASE LOGS     looks at a database that was not shut down, with the folder of its logs

local ese = require "ese"

local function quote(text)
   return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- What an analyst wants: nothing is written beside the evidence.
local function look(path, logs)
   local db <close> = ese.open(path, { logs = logs })
   print(db:recovery() or "it was shut down cleanly")
   for _, name in ipairs(db:tables()) do
      print(("  %s: %d records"):format(name, #db:table(name)))
   end
end

-- Books three entries, and dies while it books the fourth.
local function die(path)
   local db = ese.open(path, "c", { log = true })
   local entries = db:create_table("entries", { { "id", "long", autoincrement = true }, { "text", "long text" } },
      { primary_key = "id" })
   for _, text in ipairs { "wheels", "cards", "engine" } do
      entries:insert { text = text } -- on the disk when it returns
   end
   db:session():begin()
   entries:insert { text = "never booked" }
   os.exit(1, false)
end

local function texts(db)
   local found = {}
   for row in db:table("entries"):rows() do
      found[#found + 1] = row.text
   end
   return table.concat(found, ", ")
end

local function main(path)
   local logs, out = path .. ".log", path .. ".recovered"
   os.execute(("%s %s --die %s"):format(quote(arg[-1]), quote(arg[0]), quote(path)))
   print(select(2, pcall(ese.open, path)))
   look(path, logs)
   do -- the same in files that stay
      local report = ese.recover { source = path, to = out, logs = logs, progress = print }
      local db <close> = ese.open(report.databases[1].path)
      print(texts(db))
   end
   do -- who goes on with the ledger notices nothing
      local db <close> = ese.open(path, "r+", { log = true })
      db:table("entries"):insert { text = "after the crash" }
      assert(texts(db) == "wheels, cards, engine, after the crash")
   end
   os.execute(("rm -r %s %s %s"):format(quote(path), quote(logs), quote(out)))
end

if #arg == 2 and arg[1] == "--die" then
   die(arg[2])
elseif #arg == 2 then
   look(arg[1], arg[2])
elseif #arg == 1 then
   main(arg[1] .. ".ledger")
else
   error("usage: recover.lua FILE | DATABASE LOGS", 0)
end
