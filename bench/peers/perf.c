// libbpf's perf buffer consumer, for bench/perf-consumer.ts, on the map of that process (inherited descriptor).
//   perf consume MAP_FD SECONDS PAGES READY      makes the file READY and reads; CPU, records and losses on stdout
#include <bpf/libbpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t count, sum, lost;

static void on_sample(void *ctx, int cpu, void *data, unsigned int size)
{
	const uint64_t *r = data;
	const uint32_t *w = data;
	(void)ctx;
	(void)cpu;
	(void)size;
	count++;
	sum += r[0] + r[1] + w[4] + w[5] + r[3];
}

static void on_lost(void *ctx, int cpu, unsigned long long n)
{
	(void)ctx;
	(void)cpu;
	lost += n;
}

static double now(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	if (argc < 6 || strcmp(argv[1], "consume"))
		return 2;
	struct perf_buffer *buffer = perf_buffer__new(atoi(argv[2]), atoi(argv[4]), on_sample, on_lost, NULL, NULL);
	if (!buffer)
		return 1;
	fclose(fopen(argv[5], "w"));
	double seconds = atof(argv[3]), end = now(CLOCK_MONOTONIC) + seconds, half = end - seconds / 2, half_cpu = 0;
	uint64_t wakes = 0, half_count = 0;
	for (double at; (at = now(CLOCK_MONOTONIC)) < end;) {
		if (half_cpu == 0 && at >= half) {
			half_cpu = now(CLOCK_PROCESS_CPUTIME_ID);
			half_count = count;
		}
		wakes += perf_buffer__poll(buffer, 100) > 0;
	}
	perf_buffer__consume(buffer);
	double cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	printf("{\"records\":%lu,\"wakes\":%lu,\"lost\":%lu,\"cpuMs\":%.3f,\"sum\":%lu,\"steadyRecords\":%lu,\"steadyCpuMs\":%.3f}\n",
	       count, wakes, lost, cpu * 1e3, sum & 1, count - half_count, (cpu - half_cpu) * 1e3);
	return 0;
}
