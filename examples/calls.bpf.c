// Counts the system calls of one process, and tells of its first ones. `node scripts/object-fixtures.mjs` compiles it.
// With vmlinux.h and libbpf's headers, most of what stands above `struct event` comes from there.

typedef unsigned int u32;
typedef unsigned long long u64;

#define SEC(name) __attribute__((section(name), used))
#define __uint(name, val) int(*name)[val]
#define __type(name, val) typeof(val) *name

static void *(*bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*bpf_map_update_elem)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static u64 (*bpf_ktime_get_ns)(void) = (void *)5;
static u64 (*bpf_get_current_pid_tgid)(void) = (void *)14;
static long (*bpf_get_current_comm)(void *buf, u32 size) = (void *)16;
static void *(*bpf_ringbuf_reserve)(void *ring, u64 size, u64 flags) = (void *)131;
static void (*bpf_ringbuf_submit)(void *data, u64 flags) = (void *)132;

struct event {
  u64 time_ns;
  u32 tid;
  u32 call;
  char comm[16];
};

struct {
  __uint(type, 27); // BPF_MAP_TYPE_RINGBUF
  __uint(max_entries, 65536);
} events SEC(".maps");
const struct event *unused __attribute__((unused)); // keeps the type of the records in the object

struct {
  __uint(type, 1); // BPF_MAP_TYPE_HASH
  __uint(max_entries, 1024);
  __type(key, u32);
  __type(value, u64);
} counts SEC(".maps");

const volatile u32 only_tgid;  // set before loading
const volatile u32 first = 10; // so many calls are told, the others only counted
u64 total;

SEC("raw_tp/sys_enter")
int on_call(u64 *args) {
  u64 id = bpf_get_current_pid_tgid();
  if (id >> 32 != only_tgid)
    return 0;
  u32 call = args[1];
  u64 one = 1, *count = bpf_map_lookup_elem(&counts, &call);
  if (count)
    __sync_fetch_and_add(count, 1);
  else
    bpf_map_update_elem(&counts, &call, &one, 0);
  if (__sync_fetch_and_add(&total, 1) >= first)
    return 0;
  struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event)
    return 0;
  event->time_ns = bpf_ktime_get_ns();
  event->tid = id;
  event->call = call;
  bpf_get_current_comm(event->comm, sizeof(event->comm));
  bpf_ringbuf_submit(event, 0);
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
