/* A fuzz target: one function that must come to an end with whatever bytes it is given. Built with clang's libFuzzer
 * (https://llvm.org/docs/LibFuzzer.html) it is run with bytes that nobody thought of; built without, replay.c runs it
 * with the files of tests/fuzz/corpus, so that what was found once stays mended. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* The target's own: called once, before the first input. */
void target_begin(void);

/* What must hold whatever was given. Says which claim failed, and aborts. */
#define must(claim)                                                                                                    \
	do {                                                                                                           \
		if (!(claim))                                                                                          \
			must_failed(#claim, __FILE__, __LINE__);                                                       \
	} while (0)
_Noreturn void must_failed(const char *claim, const char *file, int line);

#endif
