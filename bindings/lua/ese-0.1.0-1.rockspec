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
build = {
  type = "cmake",
  variables = {
    CMAKE_BUILD_TYPE = "Release",
    CMAKE_INSTALL_PREFIX = "$(PREFIX)",
    ESE_TESTS = "OFF",
    ESE_LUA = "ON",
    ESE_LUA_DIR = "$(LUADIR)",
    ESE_LUA_CDIR = "$(LIBDIR)",
    LUA_INCLUDE_DIR = "$(LUA_INCDIR)",
  },
}
