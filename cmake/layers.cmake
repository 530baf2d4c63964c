# layer(NAME AS prefix [DIR dir] [HEADERS a.h ...] SOURCES a.c b.c [USES lib ...] [PRIVATE lib ...])
# A static library, and the only way to its headers. Includes are rooted: the header DIR/x.h is "prefix/x.h". The include
# path of a layer shows its own prefix and the prefixes of the layers in USES. So an include against the order of the
# layers does not compile. USES are seen by those who use the layer, PRIVATE only by its own sources. A layer without
# SOURCES consists of headers. With HEADERS the layer shows only these headers of its folder.
function(layer name)
  cmake_parse_arguments(L "" "AS;DIR" "HEADERS;SOURCES;USES;PRIVATE" ${ARGN})
  if(NOT L_DIR)
    set(L_DIR ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
  set(root ${CMAKE_BINARY_DIR}/include/${name})
  get_filename_component(parent ${root}/${L_AS} DIRECTORY)
  file(MAKE_DIRECTORY ${parent})
  if(L_HEADERS)
    file(MAKE_DIRECTORY ${root}/${L_AS})
    foreach(header ${L_HEADERS})
      file(CREATE_LINK ${L_DIR}/${header} ${root}/${L_AS}/${header} SYMBOLIC)
    endforeach()
  else()
    file(CREATE_LINK ${L_DIR} ${root}/${L_AS} SYMBOLIC)
  endif()
  if(L_SOURCES)
    list(TRANSFORM L_SOURCES PREPEND ${L_DIR}/)
    add_library(${name} STATIC ${L_SOURCES})
    target_include_directories(${name} PUBLIC ${root})
    target_link_libraries(${name} PUBLIC ${L_USES} PRIVATE ${L_PRIVATE})
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${root})
    target_link_libraries(${name} INTERFACE ${L_USES})
  endif()
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

# component_test(NAME SOURCES a.c USES lib ...): a cmocka program that uses real servers, named by COMANDA_TEST_....
# Without them it exits with 77, which ctest shows as skipped. Component tests share the servers, so they run one by one.
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
