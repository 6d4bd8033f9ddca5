// One kernel function from all sides: where it starts, some bytes into it, where it returns, and by its types.
#include "bpf.h"

struct filename {
  const char *name;
} CORE;

struct seen {
  u32 calls;
  long ret;
  char name[32];
};
struct seen entry, inside, at_return, typed;
const volatile u32 only_tgid = 0;

static bool is_other(void) { return bpf_get_current_pid_tgid() >> 32 != only_tgid; }

SEC("?kprobe/do_unlinkat")
int on_entry(struct pt_regs *ctx) {
  struct filename *name = (void *)PARM2(ctx);
  const char *text = 0;
  if (is_other())
    return 0;
  entry.calls++;
  bpf_core_read(&text, sizeof(text), &name->name);
  bpf_probe_read_kernel_str(entry.name, sizeof(entry.name), text);
  return 0;
}

SEC("?kprobe/do_unlinkat+0x4")
int on_inside(struct pt_regs *ctx) {
  if (!is_other())
    inside.calls++;
  return 0;
}

SEC("?kretprobe/do_unlinkat")
int on_return(struct pt_regs *ctx) {
  if (is_other())
    return 0;
  at_return.calls++;
  at_return.ret = (s32)RET(ctx);
  return 0;
}

SEC("?fexit/do_unlinkat")
int on_typed_return(u64 *args) {
  struct filename *name = (void *)args[1];
  if (is_other())
    return 0;
  typed.calls++;
  typed.ret = (s32)args[2];
  bpf_probe_read_kernel_str(typed.name, sizeof(typed.name), name->name);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
