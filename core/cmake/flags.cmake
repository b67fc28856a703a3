# The compiler and linker flags of everything in this project that was written by hand.
#
#   ese_add_flags(TARGET)   warnings, hardening and sanitizers, private to the target

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")

set(ese_warnings
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
  -Wold-style-definition -Wwrite-strings -Wcast-qual -Wundef -Wvla -Wformat=2 -Wpointer-arith
  -Wdouble-promotion -Wimplicit-fallthrough)
if(ESE_WERROR)
  list(APPEND ese_warnings -Werror)
endif()

set(ese_hardening -fstack-protector-strong -fstack-clash-protection)
set(ese_link_hardening -Wl,-z,relro,-z,now,-z,noexecstack)
set(ese_sanitizers "")

if(ESE_SANITIZE STREQUAL "fuzzer")
  set(ese_sanitizers -fsanitize=fuzzer-no-link,address,undefined)
elseif(ESE_SANITIZE)
  set(ese_sanitizers -fsanitize=${ESE_SANITIZE})
endif()
if(ese_sanitizers)
  list(APPEND ese_sanitizers -fno-sanitize-recover=all -fno-omit-frame-pointer)
else()
  list(APPEND ese_hardening
    $<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-U_FORTIFY_SOURCE>
    $<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-D_FORTIFY_SOURCE=2>)
endif()

function(ese_add_flags target)
  target_compile_options(${target} PRIVATE
    ${ese_warnings} -fno-common ${ese_hardening} ${ese_sanitizers})
  target_link_options(${target} PRIVATE ${ese_link_hardening} ${ese_sanitizers})
  if(ESE_DEEP_ASSERT)
    target_compile_definitions(${target} PRIVATE ESE_DEEP_ASSERT=1)
  endif()
endfunction()
