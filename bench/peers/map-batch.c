// Reads a whole hash of u32 keys and u64 values by bpf_map_lookup_batch, for bench/map-batch.ts, on a map of that process
// (inherited descriptor).
//   map-batch MAP_FD BATCH ROUNDS      prints what one round took, its entries and the sum of its values
#include <bpf/bpf.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	int map = atoi(argv[1]), rounds = atoi(argv[3]);
	uint32_t batch = atoi(argv[2]);
	uint32_t *keys = malloc(batch * sizeof(*keys));
	uint64_t *values = malloc(batch * sizeof(*values)), sum = 0, entries = 0;
	double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	for (int round = 0; round < rounds; round++) {
		uint32_t position, count;
		sum = entries = 0;
		for (void *from = NULL;; from = &position) {
			count = batch;
			int failed = bpf_map_lookup_batch(map, from, &position, keys, values, &count, NULL);
			if (failed && errno != ENOENT)
				return 1;
			for (uint32_t i = 0; i < count; i++)
				sum += keys[i] + values[i];
			entries += count;
			if (failed)
				break;
		}
	}
	printf("{\"wallMs\":%.3f,\"cpuMs\":%.3f,\"entries\":%lu,\"sum\":%lu}\n", (now(CLOCK_MONOTONIC) - wall) / rounds,
	       (now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / rounds, entries, sum);
	return 0;
}
