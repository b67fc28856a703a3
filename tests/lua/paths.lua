--- Where the tests find the fixture databases, and a folder to write in.

local paths = {}

local function quote(text)
   return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- A command with its arguments, quoted, in the places of %s.
function paths.command(command, ...)
   local arguments = table.pack(...)
   for i = 1, arguments.n do
      arguments[i] = quote(arguments[i])
   end
   return command:format(table.unpack(arguments))
end

--- Runs such a command, which must succeed.
function paths.shell(...)
   assert(os.execute(paths.command(...)))
end

function paths.set_up(here)
   paths.here = here
   paths.interpreter = arg[-1]
   paths.scratch = os.tmpname()
   os.remove(paths.scratch)
   assert(os.execute("mkdir " .. quote(paths.scratch)))
   paths.databases = os.getenv "ESE_FIXTURES"
   if not paths.databases then
      paths.databases = paths.scratch .. "/databases"
      assert(os.execute(("python3 %s %s"):format(quote(here .. "../support/edb/fixtures.py"), quote(paths.databases))))
   end
end

function paths.tear_down()
   os.execute("rm -r " .. quote(paths.scratch))
end

--- The path of a fixture database.
function paths.database(name)
   return paths.databases .. "/" .. name .. ".edb"
end

--- The path of something to write.
function paths.file(name)
   return paths.scratch .. "/" .. name
end

function paths.read(path)
   local file <close> = assert(io.open(path, "rb"))
   return file:read "a"
end

function paths.write(path, content)
   local file <close> = assert(io.open(path, "wb"))
   file:write(content)
end

return paths
