# Third-party libraries, by pkg-config. Differences between Debian 12 and 13 are handled in this file only.
find_package(PkgConfig REQUIRED)
pkg_check_modules(RABBITMQ REQUIRED IMPORTED_TARGET librabbitmq)
pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(CJSON REQUIRED IMPORTED_TARGET libcjson)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(JWT REQUIRED IMPORTED_TARGET libjwt)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
pkg_check_modules(SSL REQUIRED IMPORTED_TARGET libssl)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
find_library(CIVETWEB_LIBRARY civetweb REQUIRED)
find_path(CIVETWEB_INCLUDE civetweb.h REQUIRED)
find_library(CMOCKA_LIBRARY cmocka) # tests only

# librabbitmq 0.15 moved its headers to <rabbitmq-c/amqp.h>.
include(CheckIncludeFile)
set(CMAKE_REQUIRED_INCLUDES ${RABBITMQ_INCLUDE_DIRS})
check_include_file(rabbitmq-c/amqp.h COMANDA_RABBITMQ_C_HEADERS)
unset(CMAKE_REQUIRED_INCLUDES)
if(COMANDA_RABBITMQ_C_HEADERS)
  add_compile_definitions(COMANDA_RABBITMQ_C_HEADERS)
endif()
