--- Sessions: a duplicate is a new session on the same instance and nothing more.
--
-- usage: lua5.4 sessions.lua FILE

local ese = require "ese"

if #arg ~= 1 then
   error("usage: sessions.lua FILE", 0)
end

local folder = os.tmpname()
os.remove(folder)

do
   local instance <close> = ese.instance("sessions", { directory = folder, recovery = false })
   local session <close> = instance:session()
   local db <close> = session:open(arg[1])
   local other <close> = session:dup()
   local same <close> = other:open(arg[1]) -- databases are not carried over

   -- The two have cursors and transactions of their own.
   local name = db:tables()[1]
   local counts = table.pack(session:transaction(function()
      return #db:table(name), other:transaction(function()
         return #same:table(name)
      end, { read_only = true })
   end))
   print(("%s: %d rows in one session, %d in the other"):format(name, counts[1], counts[2]))

   -- Errors are tables; a limit of the engine is one of them.
   local is_ok, failure = pcall(other.open, other, arg[1] .. ".missing")
   print(is_ok, failure.name, failure.category)
end
os.remove(folder)
