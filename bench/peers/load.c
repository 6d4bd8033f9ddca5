// Loads for the tracer benchmarks. Each measures its own time, so that a tracer's start and end stay out of it.
//   load getppid N       N empty calls
//   load openclose N     N times open, fstat, close
//   load threads T N     T threads of N empty calls each
//   load run CMD ARG…    a command and its children
//   load execs N         N times `sh -c true`, one after another
//   load now -           prints CLOCK_MONOTONIC at its first instruction of main
// Prints the nanoseconds it took on the last line of standard output.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long count;

static void *empty_calls(void *unused) {
  for (long i = 0; i < count; i++) syscall(SYS_getppid);
  return unused;
}

static int run(char **argv) {
  pid_t pid = vfork();
  if (pid == 0) {
    execvp(argv[0], argv);
    _exit(127);
  }
  int status;
  waitpid(pid, &status, 0);
  return status;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  if (!strcmp(argv[1], "now")) {
    printf("%lld\n", start.tv_sec * 1000000000LL + start.tv_nsec);
    return 0;
  }
  if (!strcmp(argv[1], "getppid")) {
    count = atol(argv[2]);
    empty_calls(NULL);
  } else if (!strcmp(argv[1], "openclose")) {
    struct stat st;
    for (long i = atol(argv[2]); i > 0; i--) {
      int fd = open("/etc/passwd", O_RDONLY);
      fstat(fd, &st);
      close(fd);
    }
  } else if (!strcmp(argv[1], "threads")) {
    pthread_t threads[64];
    int n = atoi(argv[2]);
    count = atol(argv[3]);
    for (int i = 0; i < n; i++) pthread_create(&threads[i], NULL, empty_calls, NULL);
    for (int i = 0; i < n; i++) pthread_join(threads[i], NULL);
  } else if (!strcmp(argv[1], "run")) {
    if (run(argv + 2) != 0) return 1;
  } else if (!strcmp(argv[1], "execs")) {
    char *sh[] = {"sh", "-c", "true", NULL};
    for (long i = atol(argv[2]); i > 0; i--) run(sh);
  } else {
    return 2;
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  printf("%lld\n", (end.tv_sec - start.tv_sec) * 1000000000LL + end.tv_nsec - start.tv_nsec);
  return 0;
}
