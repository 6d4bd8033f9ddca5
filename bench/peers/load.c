// Loads for the tracer benchmarks. Each measures its own time, so that a tracer's start and end stay out of it.
//   load getppid N       N empty calls
//   load openclose N     N times open, fstat, close
//   load threads T N     T threads of N empty calls each
//   load run CMD ARG…    a command and its children
//   load execs N         N times `sh -c true`, one after another
//   load forks J N       J processes at a time, each makes N children that look at some files: what make does
//   load now -           prints CLOCK_MONOTONIC at its first instruction of main
// Prints on the last line of standard output the nanoseconds it took, and of them (getppid, openclose, run) those that
// it waited for a processor (/proc/PID/schedstat).
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

static long long waited;

static long long wait_of(const char *process) {
  char path[64];
  long long ran = 0, wait = 0;
  snprintf(path, sizeof(path), "/proc/%s/schedstat", process);
  FILE *file = fopen(path, "r");
  if (file == NULL) return 0;
  if (fscanf(file, "%lld %lld", &ran, &wait) != 2) wait = 0;
  fclose(file);
  return wait;
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

/** As `run`, and takes its waiting for a processor from what is left of it before it is reaped. */
static int run_timed(char **argv) {
  pid_t pid = vfork();
  if (pid == 0) {
    execvp(argv[0], argv);
    _exit(127);
  }
  siginfo_t ended;
  char name[16];
  waitid(P_PID, pid, &ended, WEXITED | WNOWAIT);
  snprintf(name, sizeof(name), "%d", pid);
  waited += wait_of(name);
  int status;
  waitpid(pid, &status, 0);
  return status;
}

static void forks(int jobs, long children) {
  for (int job = 0; job < jobs; job++) {
    if (fork() != 0) continue;
    for (long i = 0; i < children; i++) {
      if (fork() == 0) {
        struct stat st;
        for (int file = 0; file < 5; file++) {
          stat("/usr/include/stdio.h", &st);
          int fd = open("/etc/passwd", O_RDONLY);
          char bytes[512];
          if (read(fd, bytes, sizeof(bytes)) < 0) _exit(1);
          close(fd);
        }
        _exit(0);
      }
      wait(NULL);
    }
    _exit(0);
  }
  while (wait(NULL) > 0) {}
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  struct timespec start, end;
  long long waited_before = wait_of("self");
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
    if (run_timed(argv + 2) != 0) return 1;
  } else if (!strcmp(argv[1], "execs")) {
    char *sh[] = {"sh", "-c", "true", NULL};
    for (long i = atol(argv[2]); i > 0; i--) run(sh);
  } else if (!strcmp(argv[1], "forks")) {
    forks(atoi(argv[2]), atol(argv[3]));
  } else {
    return 2;
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  waited += wait_of("self") - waited_before;
  printf("%lld %lld\n", (end.tv_sec - start.tv_sec) * 1000000000LL + end.tv_nsec - start.tv_nsec, waited);
  return 0;
}
