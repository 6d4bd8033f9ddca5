// A process that does one thing many times, once a line arrives on its stdin:
// `events getppid|open|read|call COUNT [RATE]`; RATE a second of getppid, kept a millisecond at a time.

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

__attribute__((noinline)) int probed(int a, int b)
{
    __asm__ volatile("" ::: "memory");
    return a + b;
}

static void paced(long count, long per_ms)
{
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    for (long i = 0; i < count; i++) {
        syscall(SYS_getppid);
        if (per_ms == 0 || (i + 1) % per_ms != 0) continue;
        next.tv_nsec += 1000000;
        if (next.tv_nsec >= 1000000000) {
            next.tv_nsec -= 1000000000;
            next.tv_sec++;
        }
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 4) return 2;
    long per_ms = argc == 4 ? atol(argv[3]) / 1000 : 0;
    const char *action = argv[1];
    long count = atol(argv[2]);
    char line[16];
    int zero = open("/dev/zero", O_RDONLY);
    if (read(0, line, sizeof line) < 0) return 1;
    if (!strcmp(action, "getppid"))
        paced(count, per_ms);
    else if (!strcmp(action, "open"))
        for (long i = 0; i < count; i++) close(open("/etc/hostname", O_RDONLY));
    else if (!strcmp(action, "read"))
        for (long i = 0; i < count; i++) if (read(zero, line, 1 + i % 8) < 0) return 1;
    if (!strcmp(action, "call"))
        for (long i = 0; i < count; i++) probed((int)i, (int)(i % 16));
    return 0;
}
