# Hardening by compiler and linker, in this file only. tests/security/shipped_binaries.py checks the shipped programs.
# Sanitizers replace these options.
include(CheckCCompilerFlag)
include(CheckPIESupported)
check_pie_supported()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(COMANDA_SANITIZE)
  return()
endif()

add_compile_options(-fstack-protector-strong -fstack-clash-protection)
# Fortified functions need optimisation.
add_compile_options($<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE> $<$<CONFIG:Release,RelWithDebInfo>:-D_FORTIFY_SOURCE=3>)
# Control-flow protection: CET on x86, BTI and PAC on ARM.
foreach(flag -fcf-protection=full -mbranch-protection=standard)
  string(MAKE_C_IDENTIFIER "COMANDA_HAS${flag}" known)
  check_c_compiler_flag("-Werror ${flag}" ${known})
  if(${known})
    add_compile_options(${flag})
  endif()
endforeach()
add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
