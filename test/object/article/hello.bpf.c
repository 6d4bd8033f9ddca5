// Counts packets and says so: the smallest XDP program with a variable and a text.
#include "bpf.h"

#define XDP_PASS 2

int counter = 0;

SEC("xdp")
int hello(void *ctx) {
  bpf_printk("Hello World %d", counter);
  counter++;
  return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
