/* A fuzz target: one function that must return for any input. With clang's libFuzzer
 * (https://llvm.org/docs/LibFuzzer.html) it runs with generated inputs. Without, replay.c runs it with the files of
 * tests/fuzz/corpus, so that found faults stay fixed. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Set-up of the target, called once before the first input. */
void target_begin(void);

/* A property that must hold for any input. On failure, prints the property and aborts. */
#define must(claim)                                                                                                    \
	do {                                                                                                           \
		if (!(claim))                                                                                          \
			must_failed(#claim, __FILE__, __LINE__);                                                       \
	} while (0)
_Noreturn void must_failed(const char *claim, const char *file, int line);

#endif
