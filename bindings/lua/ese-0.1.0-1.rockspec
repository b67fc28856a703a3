rockspec_format = "3.0"
package = "ese"
version = "0.1.0-1"
source = {
  url = "git+file://.",
  tag = "v0.1.0",
}
description = {
  summary = "Extensible Storage Engine (ESE, JET Blue) databases on Linux",
  license = "MIT",
}
dependencies = {
  "lua == 5.4",
}
-- The component "lua" only: the C library and the command have an installation of their own.
build = {
  type = "command",
  build_command = [[
    cmake -S . -B build/rock -DCMAKE_BUILD_TYPE=Release -DESE_TESTS=OFF -DESE_LUA=ON \
      -DESE_LUA_DIR="$(LUADIR)" -DESE_LUA_CDIR="$(LIBDIR)" -DLUA_INCLUDE_DIR="$(LUA_INCDIR)" &&
    cmake --build build/rock --target ese_lua
  ]],
  install_command = "cmake --install build/rock --component lua",
}
