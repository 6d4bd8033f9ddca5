// Flags of helpers and map updates (include/uapi/linux/bpf.h).

/** bpf_get_stackid, bpf_get_stack: the stack of user space */
export const BPF_F_USER_STACK = 1 << 8
/** map updates: only when the key is not there */
export const BPF_NOEXIST = 1
