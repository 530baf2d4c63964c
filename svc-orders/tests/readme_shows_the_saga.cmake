# Fails unless the README holds, word for word, the diagram that PROGRAM draws.
execute_process(COMMAND ${PROGRAM} OUTPUT_VARIABLE diagram COMMAND_ERROR_IS_FATAL ANY)
file(READ ${README} readme)
string(FIND "${readme}" "```mermaid\n${diagram}```" place)
if(place EQUAL -1)
  message(FATAL_ERROR "README.md does not show the saga as it is. Between ```mermaid and ``` it should say:\n${diagram}")
endif()
