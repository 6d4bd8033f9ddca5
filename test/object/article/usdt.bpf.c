// A probe that a program defines itself, with libbpf's own header: arguments in registers, in memory and as constants.

typedef unsigned char u8;
typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef __u64 __be64;
typedef _Bool bool;

struct pt_regs {
  unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};

enum { BPF_MAP_TYPE_HASH = 1, BPF_MAP_TYPE_ARRAY = 2, BPF_NOEXIST = 1 };

#define BPF_USDT_MAX_SPEC_CNT 8
#define __TARGET_ARCH_x86
#define __VMLINUX_H__ // registers by the kernel's names
#include <bpf/usdt.bpf.h>

struct hit {
  unsigned long first;
  long second;
  unsigned char letter;
  int count;
  long cookie;
} hits[16] = {};
__u32 calls = 0;

SEC("usdt")
int BPF_USDT(on_hit, unsigned long first, long second, unsigned char letter) {
  if (calls >= 16)
    return 0;
  struct hit *hit = &hits[calls & 15];
  hit->first = first;
  hit->second = second;
  hit->letter = letter;
  hit->count = bpf_usdt_arg_cnt(ctx);
  hit->cookie = bpf_usdt_cookie(ctx);
  calls++;
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
