--- Instances and sessions: every documented result of JetDupSession that Lua can reach, and the scopes.

local ese = require "ese"
local paths = require "paths"
local t = require "harness"

local function with_session(work, parameters)
   local instance <close> = ese.instance("test", {
      directory = paths.file "instance",
      recovery = false,
      parameters = parameters,
   })
   local session <close> = instance:session()
   return work(session, instance)
end

t.case("dup gives another session of the same instance", function()
   with_session(function(session, instance)
      local other = session:dup()
      t.is_true(other ~= session)
      t.is_true(other.instance == instance)
      other:close()
      t.is_true(other:closed())
      t.is_true(not session:closed())
   end)
end)

t.case("dup carries no transaction over", function()
   with_session(function(session)
      session:transaction(function()
         local other <close> = session:dup()
         local depth = 0
         local function nest()
            depth = depth + 1
            if depth < 7 then -- all levels are free
               other:transaction(nest)
            end
         end
         other:transaction(nest)
         t.equal(depth, 7)
      end)
   end)
end)

t.case("dup outlives its source", function()
   with_session(function(session)
      local second = session:dup()
      local third = second:dup()
      second:close()
      third:dup():close()
      third:close()
   end)
end)

t.case("dup after a stop of the service", function()
   with_session(function(session, instance)
      instance:stop_service()
      t.equal(t.raises("JET_errClientRequestToStopJetService", session.dup, session).code, -1329)
   end)
end)

t.case("dup after a fatal error", function()
   local instance = ese.instance("fatal", { directory = paths.file "instance", recovery = false })
   local session = instance:session()
   t.is_true(not pcall(ese.testing.fault, "fatal", function()
      session:dup()
   end))
   t.equal(t.raises("JET_errInstanceUnavailable", session.dup, session).category, "Fatal")
   instance:close()
   t.is_true(session:closed())
end)

t.case("dup while no instance runs", function()
   t.raises("JET_errNotInitialized", ese.testing.dup_handle, 12345)
end)

t.case("dup of what is no session", function()
   with_session(function()
      for _, number in ipairs { 0, 1, 12345, math.mininteger, -1 } do
         t.raises("JET_errInvalidSesid", ese.testing.dup_handle, number)
      end
   end)
end)

t.case("dup of an ended session", function()
   with_session(function(session)
      local other = session:dup()
      other:close()
      t.equal(t.raises("JET_errInvalidSesid", other.dup, other).message, "the session is closed")
   end)
end)

t.case("dup without room for the answer", function()
   with_session(function(session)
      t.raises("JET_errInvalidParameter", ese.testing.dup_nowhere, session)
   end)
end)

t.case("dup without memory", function()
   with_session(function(session)
      t.raises("JET_errOutOfMemory", ese.testing.fault, "alloc", function()
         session:dup()
      end, { repeated = true })
      session:dup():close()
   end)
end)

t.case("dup beyond the limit of sessions", function()
   with_session(function(session)
      local others = {}
      for i = 1, 3 do
         others[i] = session:dup()
      end
      t.raises("JET_errOutOfSessions", session.dup, session)
      others[1]:close()
      others[1] = session:dup()
      for _, other in ipairs(others) do
         other:close()
      end
   end, { MaxSessions = 4 })
end)

t.case("dup while another thread ends the instance", function()
   local instance = ese.instance("ending", { directory = paths.file "instance", recovery = false })
   local session = instance:session()
   local wait
   ese.testing.fault("term", function()
      wait = ese.testing.close_elsewhere(instance)
      local failure
      repeat
         local is_ok, result = pcall(function()
            session:dup():close() -- the end may begin between the two
         end)
         failure = not is_ok and result.name
      until failure == "JET_errTermInProgress"
      t.raises("JET_errTermInProgress", instance.close, instance)
   end)
   t.equal(wait(), 0)
   t.is_true(session:closed())
end)

t.case("wrong parameters are refused and names are checked", function()
   t.raises("JET_errInvalidParameter", ese.instance, "wrong", { recovery = false, parameters = { [9999] = 1 } })
   t.raises_text("JET_paramNobody", ese.instance, "wrong", { recovery = false, parameters = { Nobody = 1 } })
   with_session(function(_, instance)
      t.raises("JET_errAlreadyInitialized", instance.set_parameter, instance, "Recovery", "on")
      t.equal(instance:parameter "MaxSessions", 7)
      t.equal(instance:parameter_text "SystemPath", paths.file "instance" .. "/")
   end, { MaxSessions = 7 })
end)

t.case("a transaction commits when its function returns, and gives its results", function()
   with_session(function(session)
      local results = table.pack(session:transaction(function(inside)
         t.is_true(inside == session)
         return 1, nil, 3
      end))
      t.equal(results, { 1, nil, 3, n = 3 })
   end)
end)

t.case("a transaction rolls back its level only, and the same error comes out", function()
   with_session(function(session)
      local failure = { "mine" }
      session:transaction(function()
         local is_ok, caught = pcall(session.transaction, session, function()
            error(failure)
         end)
         t.is_true(not is_ok)
         t.is_true(caught == failure)
      end)
   end)
end)

t.case("transactions have seven levels", function()
   with_session(function(session)
      local depth = 0
      local function nest()
         depth = depth + 1
         session:transaction(nest)
      end
      t.raises("JET_errTransTooDeep", session.transaction, session, nest)
      t.equal(depth, 7)
      session:transaction(function() end)
   end)
end)
