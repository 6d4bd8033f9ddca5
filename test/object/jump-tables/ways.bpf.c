// Switches of which clang 22 makes jump tables: in the program itself, and in a function that it calls. Made, as clang 19 makes none, by
//     clang-22 -g -O2 -target bpf -mcpu=v4 -mllvm -bpf-min-jump-table-entries=4 -fdebug-compilation-dir=. -c ways.bpf.c

#define SEC(name) __attribute__((section(name), used))

struct context {
  int way, result;
};

__attribute__((noinline)) int more(int way) {
  volatile int sum = 1000;
  switch (way) {
  case 0: sum += 1; break;
  case 1: sum *= 2; break;
  case 2: sum -= 3; break;
  case 3: sum ^= 4; break;
  case 4: sum |= 5; break;
  case 5: sum <<= 1; break;
  default: sum = 0;
  }
  return sum;
}

SEC("syscall")
int ways(struct context *context) {
  volatile int sum = 10;
  switch (context->way) {
  case 0: sum += 1; break;
  case 1: sum *= 2; break;
  case 2: sum -= 3; break;
  case 3: sum ^= 4; break;
  case 4: sum = more(2); break;
  case 5: sum = more(5); break;
  default: sum = -1;
  }
  context->result = sum;
  return 0;
}

char _license[] SEC("license") = "GPL";
