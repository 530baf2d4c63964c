# Warnings are errors, with gcc and with clang. Asserts stay on in release builds.
add_compile_options(
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wcast-qual -Wwrite-strings -Wstrict-prototypes
  -Wmissing-prototypes -Wvla -Wformat=2 -Werror -fno-strict-aliasing -fno-common)
if(CMAKE_C_COMPILER_ID STREQUAL "Clang")
  # __VA_OPT__ is C23; both compilers support it.
  add_compile_options(-Wno-gnu-zero-variadic-macro-arguments -Wno-c2x-extensions)
endif()
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELWITHDEBINFO "${CMAKE_C_FLAGS_RELWITHDEBINFO}")

set(COMANDA_SANITIZE "" CACHE STRING "sanitizers: address,undefined or thread")
if(COMANDA_SANITIZE)
  add_compile_options(-fsanitize=${COMANDA_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${COMANDA_SANITIZE})
endif()

add_compile_definitions(COMANDA_VERSION="${PROJECT_VERSION}")
