// A process that does one thing many times, once a line arrives on its stdin: `events getppid|open|read|call COUNT`.

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((noinline)) int probed(int a, int b)
{
    __asm__ volatile("" ::: "memory");
    return a + b;
}

int main(int argc, char **argv)
{
    if (argc != 3) return 2;
    const char *action = argv[1];
    long count = atol(argv[2]);
    char line[16];
    int zero = open("/dev/zero", O_RDONLY);
    if (read(0, line, sizeof line) < 0) return 1;
    if (!strcmp(action, "getppid"))
        for (long i = 0; i < count; i++) syscall(SYS_getppid);
    else if (!strcmp(action, "open"))
        for (long i = 0; i < count; i++) close(open("/etc/hostname", O_RDONLY));
    else if (!strcmp(action, "read"))
        for (long i = 0; i < count; i++) if (read(zero, line, 1 + i % 8) < 0) return 1;
    if (!strcmp(action, "call"))
        for (long i = 0; i < count; i++) probed((int)i, (int)(i % 16));
    return 0;
}
