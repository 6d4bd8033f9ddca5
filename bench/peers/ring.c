// libbpf's ring buffer consumer, for bench/ring-consumer.ts, on the maps and programs of that process (inherited
// descriptors). Build: cc -O2 -o ring ring.c -lbpf
//
//   ring fill-and-drain MAP_FD PROG_FD RUNS ROUNDS WORK   ns a record of draining alone
//   ring consume MAP_FD SECONDS WORK READY [MS]           makes the file READY; epoll as libbpf does it, or a look every MS
//                                                        milliseconds; CPU and records on stdout
//   ring produce PROG_FD RECORDS_A_RUN RATE SECONDS       RATE records a second in bursts of a run
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static uint64_t count, sum;
static int work;

static int on_record(void *ctx, void *data, size_t size)
{
	(void)ctx;
	(void)size;
	count++;
	if (work) {
		const uint64_t *r = data;
		const uint32_t *w = data;
		sum += r[0] + r[1] + w[4] + w[5] + r[3];
	}
	return 0;
}

static double now(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static long run(int prog, uint64_t first)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &first, .ctx_size_in = sizeof(first));
	if (bpf_prog_test_run_opts(prog, &opts))
		return -1;
	return opts.retval;
}

int main(int argc, char **argv)
{
	if (argc < 5)
		return 2;
	if (!strcmp(argv[1], "produce")) {
		int prog = atoi(argv[2]);
		double per_run = atof(argv[3]), rate = atof(argv[4]), seconds = atof(argv[5]);
		double start = now(CLOCK_MONOTONIC);
		uint64_t made = 0, lost = 0;
		for (;;) {
			double elapsed = now(CLOCK_MONOTONIC) - start;
			if (elapsed >= seconds)
				break;
			if (made > elapsed * rate) {
				struct timespec nap = {0, 200000};
				nanosleep(&nap, NULL);
				continue;
			}
			lost += run(prog, made);
			made += per_run;
		}
		printf("{\"made\":%lu,\"lost\":%lu,\"cpuMs\":%.3f}\n", made, lost, now(CLOCK_PROCESS_CPUTIME_ID) * 1e3);
		return 0;
	}
	struct ring_buffer *ring = ring_buffer__new(atoi(argv[2]), on_record, NULL, NULL);
	if (!ring)
		return 1;
	if (!strcmp(argv[1], "fill-and-drain")) {
		int prog = atoi(argv[3]), runs = atoi(argv[4]), rounds = atoi(argv[5]);
		double spent = 0;
		work = atoi(argv[6]);
		for (int i = 0; i < rounds; i++) {
			for (int j = 0; j < runs; j++)
				run(prog, 0);
			double start = now(CLOCK_MONOTONIC);
			ring_buffer__consume(ring);
			spent += now(CLOCK_MONOTONIC) - start;
		}
		printf("{\"records\":%lu,\"ns\":%.2f,\"sum\":%lu}\n", count, spent * 1e9 / count, sum & 1);
		return 0;
	}
	if (argc > 5)
		fclose(fopen(argv[5], "w"));
	double seconds = atof(argv[3]), end = now(CLOCK_MONOTONIC) + seconds;
	uint64_t wakes = 0, half_count = 0;
	double half = end - seconds / 2, half_cpu = 0;
	work = atoi(argv[4]);
	int interval_ms = argc > 6 ? atoi(argv[6]) : 0;
	for (double at; (at = now(CLOCK_MONOTONIC)) < end;) {
		if (half_cpu == 0 && at >= half) {
			half_cpu = now(CLOCK_PROCESS_CPUTIME_ID);
			half_count = count;
		}
		if (interval_ms == 0) {
			wakes += ring_buffer__poll(ring, 100) > 0;
			continue;
		}
		usleep(interval_ms * 1000);
		wakes += ring_buffer__consume(ring) > 0;
	}
	ring_buffer__consume(ring);
	double cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	printf("{\"records\":%lu,\"wakes\":%lu,\"cpuMs\":%.3f,\"steadyRecords\":%lu,\"steadyCpuMs\":%.3f}\n", count, wakes,
	       cpu * 1e3, count - half_count, (cpu - half_cpu) * 1e3);
	return 0;
}
