# What the compiler and the linker can do against somebody who has found a mistake: here and nowhere else.
# tests/security/test_binaries.py holds the shipped programs against it. Sanitizers bring their own, and want no other.
include(CheckCCompilerFlag)
include(CheckPIESupported)
check_pie_supported()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(COMANDA_SANITIZE)
  return()
endif()

add_compile_options(-fstack-protector-strong -fstack-clash-protection)
# Fortified functions need an optimising build.
add_compile_options($<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE> $<$<CONFIG:Release,RelWithDebInfo>:-D_FORTIFY_SOURCE=3>)
# Jumps and returns only to where one may come from: CET on x86, BTI and PAC on ARM.
foreach(flag -fcf-protection=full -mbranch-protection=standard)
  string(MAKE_C_IDENTIFIER "COMANDA_HAS${flag}" known)
  check_c_compiler_flag("-Werror ${flag}" ${known})
  if(${known})
    add_compile_options(${flag})
  endif()
endforeach()
add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
