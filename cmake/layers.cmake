# layer(NAME SOURCES a.c b.c [INCLUDE dir] [USES lib ...] [PRIVATE lib ...])
# A static library with its own include path. USES are seen by those who use the layer, PRIVATE only by its own .c files.
function(layer name)
  cmake_parse_arguments(L "" "INCLUDE" "SOURCES;USES;PRIVATE" ${ARGN})
  if(NOT L_INCLUDE)
    set(L_INCLUDE ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
  add_library(${name} STATIC ${L_SOURCES})
  target_include_directories(${name} PUBLIC ${L_INCLUDE})
  target_link_libraries(${name} PUBLIC ${L_USES} PRIVATE ${L_PRIVATE})
endfunction()

# unit_test(NAME SOURCES a.c USES lib ...): a cmocka program run by ctest.
function(unit_test name)
  cmake_parse_arguments(T "" "" "SOURCES;USES" ${ARGN})
  if(NOT BUILD_TESTING OR NOT CMOCKA_LIBRARY)
    return()
  endif()
  add_executable(${name} ${T_SOURCES})
  target_link_libraries(${name} PRIVATE ${T_USES} ${CMOCKA_LIBRARY})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS unit)
endfunction()

# component_test(NAME SOURCES a.c USES lib ...): a cmocka program that meets real servers, named by COMANDA_TEST_...;
# without them it ends with 77, which ctest shows as skipped. One at a time: they share the servers.
function(component_test name)
  unit_test(${name} ${ARGN})
  if(TARGET ${name})
    set_tests_properties(${name} PROPERTIES LABELS component SKIP_RETURN_CODE 77 TIMEOUT 300
                         RESOURCE_LOCK servers)
  endif()
endfunction()

# migrations(TARGET SYMBOL DIR): embeds DIR/NNNN_name.sql as `const struct migration SYMBOL[]`, checked at build.
function(migrations target symbol directory)
  file(GLOB files CONFIGURE_DEPENDS ${directory}/*.sql)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DSYMBOL=${symbol} -DOUTPUT=${output} "-DFILES=${files}" -P
            ${CMAKE_SOURCE_DIR}/cmake/embed_sql.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed_sql.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
