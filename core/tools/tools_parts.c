/* Files that a command makes and that are only a part until it has ended: whoever interrupts it leaves none of them behind. */
#include "tools/tools.h"

#include <signal.h>
#include <unistd.h>

enum { PARTS_MAX = 2 };

/* Read by a signal handler: each is a path that stays as it is, or NULL. */
static const char *volatile parts[PARTS_MAX];

static void
end_by(int number)
{
    for (unsigned i = 0; i < PARTS_MAX; i++) {
        const char *path = parts[i];

        if (path != NULL)
            (void)unlink(path);
    }
    signal(number, SIG_DFL);
    raise(number);
}

void
ese_tools__catch_end(void (*handler)(int number))
{
    static const int numbers[] = {SIGINT, SIGTERM};

    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (signal(numbers[i], handler) == SIG_IGN)
            signal(numbers[i], SIG_IGN);
    }
}

void
ese_tools__part_begin(const char *path)
{
    for (unsigned i = 0; i < PARTS_MAX; i++) {
        if (parts[i] == NULL) {
            parts[i] = path;
            break;
        }
    }
    ese_tools__catch_end(end_by);
}

void
ese_tools__part_end(const char *path)
{
    for (unsigned i = 0; i < PARTS_MAX; i++) {
        if (parts[i] == path)
            parts[i] = NULL;
    }
}
