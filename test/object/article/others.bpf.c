// The other families: a security hook that refuses, functions of the kernel that programs call, probes of user programs, and a
// section as an article prints it.
#include "bpf.h"

const volatile u32 only_tgid = 0;

SEC("?lsm/task_setnice")
int refuse(u64 *args) {
  s32 before = args[2];
  if (before != 0 || bpf_get_current_pid_tgid() >> 32 != only_tgid)
    return before;
  return -1; // EPERM
}

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *task) __ksym;
s32 found = 0;

SEC("?tc")
int find_task(void *skb) {
  struct task_struct *task = bpf_task_from_pid(only_tgid);
  if (!task)
    return 1;
  bpf_core_read(&found, sizeof(found), &task->tgid);
  bpf_task_release(task);
  return 0;
}

u32 called = 0;
u64 argument = 0;

SEC("?uprobe")
int on_function(struct pt_regs *ctx) {
  if (bpf_get_current_pid_tgid() >> 32 != only_tgid)
    return 0;
  called++;
  argument = PARM1(ctx);
  return 0;
}

SEC("?uprobe/usr/lib/x86_64-linux-gnu/libssl.so.3/SSL_write")
int on_printed(struct pt_regs *ctx) { return 0; }

char LICENSE[] SEC("license") = "GPL";
