/* The real databases of the corpus, where there is one. */
#pragma once

#include <stdbool.h>

/*
 * Calls `visit` with the path of an unpacked copy of each clean and dirty database of the corpus and its name, and removes
 * the copy afterwards. False, with a message, when there is no corpus.
 */
bool test_corpus_each(void (*visit)(const char *path, const char *name));
