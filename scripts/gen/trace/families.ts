// The constant families the tracer names in its output: which headers define each, and which names belong to it.
// Values and order of definition come from the headers themselves (extract.ts); only the membership stands here.

export interface Family {
  /** name of the exported table */
  readonly id: string
  /** a word of bits, or one of a list */
  readonly kind: 'flags' | 'enum'
  /** whose headers: the kernel's (linux-libc-dev) or, for what only libc has, glibc's (libc6-dev) */
  readonly from: 'kernel' | 'glibc'
  readonly headers: readonly string[]
  readonly names: RegExp
  /** names that match but are masks, counts, markers or spellings nobody uses */
  readonly except?: RegExp
  /** flags shown before the others, in this order; the rest follow by value, several-bit values first */
  readonly first?: readonly string[]
}

const flags = (id: string, headers: string, names: RegExp, rest: Partial<Family> = {}): Family => ({
  id,
  kind: 'flags',
  from: 'kernel',
  headers: headers.split(' '),
  names,
  ...rest,
})
const list = (id: string, headers: string, names: RegExp, rest: Partial<Family> = {}): Family => ({
  ...flags(id, headers, names, rest),
  kind: 'enum',
})
const glibc = { from: 'glibc' } as const

export const FAMILIES: readonly Family[] = [
  // files
  flags('OPEN_FLAGS', 'asm/fcntl.h', /^(O_|FASYNC|__O_TMPFILE)/, {
    except: /^(O_(ACCMODE|RDONLY|WRONLY|RDWR|NDELAY)|__O_TMPFILE)$/,
    // the order of strace: creation, then status, then the descriptor's own
    first: [
      'O_CREAT',
      'O_EXCL',
      'O_NOCTTY',
      'O_TRUNC',
      'O_APPEND',
      'O_NONBLOCK',
      'O_SYNC',
      'O_DSYNC',
      'O_DIRECT',
      'O_LARGEFILE',
      'O_NOFOLLOW',
      'O_NOATIME',
      'O_CLOEXEC',
      'O_PATH',
      'O_TMPFILE',
      'O_DIRECTORY',
      'FASYNC',
    ],
  }),
  flags('ACCESS_MODES', 'unistd.h', /^[RWX]_OK$/, { ...glibc, first: ['R_OK', 'W_OK', 'X_OK'] }),
  flags(
    'AT_FLAGS',
    'linux/fcntl.h',
    /^AT_(SYMLINK_NOFOLLOW|SYMLINK_FOLLOW|REMOVEDIR|NO_AUTOMOUNT|EMPTY_PATH|STATX_FORCE_SYNC|STATX_DONT_SYNC|RECURSIVE)$/,
    {
      first: [
        'AT_STATX_FORCE_SYNC',
        'AT_STATX_DONT_SYNC',
        'AT_SYMLINK_NOFOLLOW',
        'AT_REMOVEDIR',
        'AT_SYMLINK_FOLLOW',
        'AT_NO_AUTOMOUNT',
        'AT_EMPTY_PATH',
      ],
    },
  ),
  flags('FACCESSAT_FLAGS', 'linux/fcntl.h', /^AT_(SYMLINK_NOFOLLOW|EACCESS|EMPTY_PATH)$/, {
    first: ['AT_SYMLINK_NOFOLLOW', 'AT_EACCESS', 'AT_EMPTY_PATH'],
  }),
  flags('UNLINK_FLAGS', 'linux/fcntl.h', /^AT_(REMOVEDIR)$/),
  list('FCNTL_COMMANDS', 'asm/fcntl.h linux/fcntl.h', /^F_/, {
    except: /^F_(RDLCK|WRLCK|UNLCK|EXLCK|SHLCK|OWNER_|SEAL_|LINUX_SPECIFIC_BASE)/,
  }),
  flags('FD_FLAGS', 'asm/fcntl.h', /^FD_CLOEXEC$/),
  list('LOCK_TYPES', 'asm/fcntl.h', /^F_(RDLCK|WRLCK|UNLCK|EXLCK|SHLCK)$/),
  flags('SEAL_FLAGS', 'linux/fcntl.h', /^F_SEAL_/),
  flags('FLOCK_FLAGS', 'asm/fcntl.h', /^LOCK_/, {
    first: ['LOCK_SH', 'LOCK_EX', 'LOCK_NB', 'LOCK_UN', 'LOCK_MAND', 'LOCK_RW'],
  }),
  list('SEEK_WHENCE', 'linux/fs.h', /^SEEK_/, { except: /^SEEK_MAX$/ }),
  flags('FALLOCATE_FLAGS', 'linux/falloc.h', /^FALLOC_FL_/),
  flags('RENAME_FLAGS', 'linux/fs.h linux/fcntl.h', /^RENAME_/),
  flags('STATX_MASK', 'linux/stat.h', /^STATX_/, {
    except: /^STATX_(ATTR_|_RESERVED)/,
    first: ['STATX_ALL', 'STATX_BASIC_STATS'],
  }),
  flags('STATX_ATTRIBUTES', 'linux/stat.h', /^STATX_ATTR_/),
  list('FILE_TYPES', 'linux/stat.h', /^S_IF/, { except: /^S_IFMT$/ }),
  flags('RESOLVE_FLAGS', 'linux/openat2.h', /^RESOLVE_/),
  flags('MEMFD_FLAGS', 'linux/memfd.h', /^MFD_/, { except: /^MFD_HUGE_/ }),
  flags('XATTR_FLAGS', 'linux/xattr.h', /^XATTR_(CREATE|REPLACE)$/),
  flags('MOUNT_FLAGS', 'linux/mount.h', /^MS_/, { except: /^MS_(RMT_MASK|MGC_|VERBOSE$)/ }),
  flags('UMOUNT_FLAGS', 'sys/mount.h', /^(MNT_FORCE|MNT_DETACH|MNT_EXPIRE|UMOUNT_NOFOLLOW)$/, glibc),
  flags('OPEN_TREE_FLAGS', 'linux/mount.h', /^OPEN_TREE_/),
  flags('MOVE_MOUNT_FLAGS', 'linux/mount.h', /^MOVE_MOUNT_/, { except: /__MASK$/ }),
  flags('FSOPEN_FLAGS', 'linux/mount.h', /^FSOPEN_/),
  flags('FSPICK_FLAGS', 'linux/mount.h', /^FSPICK_/),
  flags('FSMOUNT_FLAGS', 'linux/mount.h', /^FSMOUNT_/),
  list('FSCONFIG_COMMANDS', 'linux/mount.h', /^FSCONFIG_/),
  flags('MOUNT_ATTR_FLAGS', 'linux/mount.h', /^MOUNT_ATTR_/, {
    except: /^MOUNT_ATTR_(SIZE_|_ATIME|RELATIME)/,
  }),
  flags('SPLICE_FLAGS', 'fcntl.h', /^SPLICE_F_/, glibc),
  flags('SYNC_FILE_RANGE_FLAGS', 'linux/fs.h', /^SYNC_FILE_RANGE_/, { except: /_WRITE_AND_WAIT$/ }),
  flags('RWF_FLAGS', 'linux/fs.h', /^RWF_/, { except: /^RWF_SUPPORTED$/ }),
  flags('INOTIFY_MASK', 'linux/inotify.h', /^IN_/, {
    except: /^IN_(CLOEXEC|NONBLOCK|ALL_EVENTS|CLOSE|MOVE)$/,
  }),
  flags('INOTIFY_INIT_FLAGS', 'linux/inotify.h', /^IN_(CLOEXEC|NONBLOCK)$/, {
    first: ['IN_CLOEXEC', 'IN_NONBLOCK'],
  }),
  flags(
    'FANOTIFY_INIT_FLAGS',
    'linux/fanotify.h',
    /^FAN_(CLOEXEC|NONBLOCK|CLASS_|UNLIMITED_|ENABLE_AUDIT|REPORT_)/,
    { except: /REPORT_DFID_NAME/ },
  ),
  flags('FANOTIFY_MARK_FLAGS', 'linux/fanotify.h', /^FAN_(MARK_)/, {
    except: /MARK_(INODE|FILESYSTEM_ALL|IGNORE_SURV)$/,
  }),
  list('FADVISE', 'linux/fadvise.h', /^POSIX_FADV_/),
  list('QUOTA_COMMANDS', 'linux/quota.h', /^Q_/),
  flags(
    'NAME_TO_HANDLE_FLAGS',
    'linux/fcntl.h',
    /^AT_(SYMLINK_FOLLOW|EMPTY_PATH|HANDLE_FID|HANDLE_MNT_ID_UNIQUE|HANDLE_CONNECTABLE)$/,
  ),
  list('STATFS_MAGIC', 'linux/magic.h', /_(SUPER_)?MAGIC$/, {
    except: /^(STACK_END_MAGIC|CRAMFS_MAGIC_WEND|REISERFS_)|_IOC|^(MSDOS|SMB2)_EXTRA$/,
  }),
  flags('STATFS_FLAGS', 'sys/statvfs.h', /^ST_/, { ...glibc }),
  list('DIRENT_TYPES', 'dirent.h', /^DT_/, glibc),
  // memory
  flags('PROT_FLAGS', 'asm/mman.h', /^PROT_/, { except: /^PROT_NONE$/ }),
  list('MAP_TYPES', 'linux/mman.h', /^MAP_(SHARED|PRIVATE|SHARED_VALIDATE|DROPPABLE)$/),
  flags('MAP_FLAGS', 'asm/mman.h', /^MAP_/, {
    except: /^MAP_(TYPE|FILE|HUGE_.*|SHARED.*|PRIVATE|ANON|DROPPABLE)$/,
    first: [
      'MAP_FIXED',
      'MAP_ANONYMOUS',
      'MAP_32BIT',
      'MAP_NORESERVE',
      'MAP_POPULATE',
      'MAP_NONBLOCK',
      'MAP_GROWSDOWN',
      'MAP_DENYWRITE',
      'MAP_EXECUTABLE',
      'MAP_LOCKED',
      'MAP_STACK',
      'MAP_HUGETLB',
      'MAP_SYNC',
    ],
  }),
  list('MADVISE', 'asm/mman.h', /^MADV_/),
  flags('MREMAP_FLAGS', 'linux/mman.h', /^MREMAP_/),
  flags('MSYNC_FLAGS', 'asm/mman.h', /^MS_(ASYNC|INVALIDATE|SYNC)$/),
  flags('MLOCKALL_FLAGS', 'asm/mman.h', /^MCL_/),
  flags('MLOCK2_FLAGS', 'asm/mman.h', /^MLOCK_ONFAULT$/),
  flags('PKEY_ACCESS', 'asm/mman.h', /^PKEY_DISABLE_/, { except: /MASK/ }),
  list(
    'MPOL_MODES',
    'linux/mempolicy.h',
    /^MPOL_(DEFAULT|PREFERRED|BIND|INTERLEAVE|LOCAL|PREFERRED_MANY|WEIGHTED_INTERLEAVE)$/,
  ),
  flags(
    'USERFAULTFD_FLAGS',
    'linux/userfaultfd.h asm/fcntl.h',
    /^(UFFD_USER_MODE_ONLY|O_CLOEXEC|O_NONBLOCK)$/,
  ),
  // processes
  flags('CLONE_FLAGS', 'linux/sched.h', /^CLONE_/, { except: /^CLONE_(ARGS_|NEWTIME|EMPTY)/ }),
  flags('CLONE3_FLAGS', 'linux/sched.h', /^CLONE_/, { except: /^CLONE_(ARGS_|EMPTY)/ }),
  list('CAPABILITIES', 'linux/capability.h', /^CAP_/, { except: /^CAP_LAST_CAP$/ }),
  flags('UNSHARE_FLAGS', 'linux/sched.h', /^CLONE_(FILES|FS|NEW.*|SYSVSEM|THREAD|SIGHAND|VM)$/),
  flags('WAIT_OPTIONS', 'linux/wait.h', /^(W[A-Z]+|__W[A-Z]+)$/, {
    first: ['WNOHANG', 'WEXITED', 'WSTOPPED', 'WCONTINUED', 'WNOWAIT', '__WCLONE', '__WALL', '__WNOTHREAD'],
  }),
  list('WAITID_TYPES', 'linux/wait.h', /^P_/),
  list('RLIMITS', 'asm/resource.h', /^RLIMIT_/),
  list('RUSAGE_WHO', 'linux/resource.h', /^RUSAGE_/),
  list('PRIORITY_WHICH', 'linux/resource.h', /^PRIO_(PROCESS|PGRP|USER)$/),
  list('PRCTL_OPTIONS', 'linux/prctl.h', /^PR_/, {
    except:
      /^PR_(PMLEN_|SET_PTRACER_ANY|SCHED_CORE_MAX|CAP_AMBIENT_|ENDIAN_|FP_EMU_|FPEMU_|FP_EXC_|FP_MODE_|MCE_KILL_|MTE_|PAC_AP|SET_MM_|SPEC_|SVE_|SME_|TAGGED_|TIMING_|TSC_|UNALIGN_|SYS_DISPATCH_|SYSCALL_DISPATCH_|SCHED_CORE_(GET|CREATE|SHARE_TO|SHARE_FROM|SCOPE_.*)|SET_VMA_|MDWE_|RISCV_V_|RISCV_SCOPE|RISCV_CTX|PPC_DEXCR_|SHADOW_STACK_|THP_|TIMER_CREATE_RESTORE_IDS_|FUTEX_HASH_|RSEQ_SLICE_EXT_|CFI_|RSEQ_SLICE_EXTENSION_)/,
  }),
  list('ARCH_PRCTL_OPTIONS', 'asm/prctl.h', /^ARCH_/, { except: /^ARCH_(SHSTK_(SHSTK|WRSS)|XCOMP_.*)$/ }),
  list('FUTEX_OPS', 'linux/futex.h', /^FUTEX_/, {
    except:
      /^FUTEX_(OP_.*|PRIVATE_FLAG|CLOCK_REALTIME|CMD_MASK|.*_PRIVATE|WAITERS|OWNER_DIED|TID_MASK|BITSET_MATCH_ANY|32|WAITV_MAX|ROBUST_.*|UNLOCK_(?!PI$).*|.*MASK)$|^FUTEX_NO_NODE$/,
  }),
  list('SCHED_POLICIES', 'sched.h linux/sched.h', /^SCHED_(OTHER|FIFO|RR|BATCH|IDLE|DEADLINE|EXT|ISO)$/),
  flags('SCHED_ATTR_FLAGS', 'linux/sched.h', /^SCHED_FLAG_/, {
    except: /^SCHED_FLAG_(ALL|KEEP_ALL|UTIL_CLAMP)$/,
  }),
  flags(
    'PERSONALITY_FLAGS',
    'linux/personality.h',
    /^(UNAME26|ADDR_NO_RANDOMIZE|FDPIC_FUNCPTRS|MMAP_PAGE_ZERO|ADDR_COMPAT_LAYOUT|READ_IMPLIES_EXEC|ADDR_LIMIT_32BIT|SHORT_INODE|WHOLE_SECONDS|STICKY_TIMEOUTS|ADDR_LIMIT_3GB)$/,
  ),
  list('PERSONALITIES', 'linux/personality.h', /^PER_/, { except: /^PER_(MASK|CLEAR_ON_SETID)$/ }),
  list('PTRACE_REQUESTS', 'asm/ptrace.h linux/ptrace.h', /^PTRACE_/, {
    except: /^PTRACE_(O_|EVENT_|EVENTMSG|PEEKSIGINFO_|SYSCALL_INFO_)/,
  }),
  list('SECCOMP_OPERATIONS', 'linux/seccomp.h', /^SECCOMP_(SET_MODE_|GET_ACTION_AVAIL|GET_NOTIF_SIZES)/),
  flags('SECCOMP_FILTER_FLAGS', 'linux/seccomp.h', /^SECCOMP_FILTER_FLAG_/),
  list('MEMBARRIER_COMMANDS', 'linux/membarrier.h', /^MEMBARRIER_CMD_/, {
    except: /^MEMBARRIER_CMD_(SHARED|FLAG_.*)$/,
  }),
  flags('MEMBARRIER_FLAGS', 'linux/membarrier.h', /^MEMBARRIER_CMD_FLAG_/),
  flags('RSEQ_FLAGS', 'linux/rseq.h', /^RSEQ_FLAG_/),
  flags('GETRANDOM_FLAGS', 'linux/random.h', /^GRND_/),
  flags('PIDFD_OPEN_FLAGS', 'linux/pidfd.h', /^PIDFD_(NONBLOCK|THREAD)$/),
  list('KCMP_TYPES', 'linux/kcmp.h', /^KCMP_/, { except: /^KCMP_TYPES$/ }),
  list(
    'BPF_COMMANDS',
    'linux/bpf.h',
    /^BPF_(MAP_(CREATE|LOOKUP_ELEM|UPDATE_ELEM|DELETE_ELEM|GET_NEXT_KEY|GET_NEXT_ID|GET_FD_BY_ID|LOOKUP_AND_DELETE_ELEM|FREEZE|LOOKUP_BATCH|LOOKUP_AND_DELETE_BATCH|UPDATE_BATCH|DELETE_BATCH)|PROG_(LOAD|ATTACH|DETACH|TEST_RUN|GET_NEXT_ID|GET_FD_BY_ID|QUERY|BIND_MAP|STREAM_READ_BY_FD|ASSOC_STRUCT_OPS)|OBJ_(PIN|GET|GET_INFO_BY_FD)|RAW_TRACEPOINT_OPEN|BTF_(LOAD|GET_FD_BY_ID|GET_NEXT_ID)|TASK_FD_QUERY|LINK_(CREATE|UPDATE|GET_FD_BY_ID|GET_NEXT_ID|DETACH)|ENABLE_STATS|ITER_CREATE|TOKEN_CREATE)$/,
  ),
  flags('PERF_OPEN_FLAGS', 'linux/perf_event.h', /^PERF_FLAG_/),
  list('PERF_TYPES', 'linux/perf_event.h', /^PERF_TYPE_/, { except: /^PERF_TYPE_MAX$/ }),
  list('KEYCTL_OPERATIONS', 'linux/keyctl.h', /^KEYCTL_/, {
    except: /^KEYCTL_(CAPS|SUPPORTS_|MOVE_EXCL|PKEY_|RESTRICT_|CAPABILITIES_)/,
  }),
  list('KEY_SPECS', 'linux/keyctl.h', /^KEY_SPEC_/),
  flags('IO_URING_ENTER_FLAGS', 'linux/io_uring.h', /^IORING_ENTER_/),
  list('IO_URING_REGISTER_OPS', 'linux/io_uring.h', /^IORING_(REGISTER|UNREGISTER)_/, {
    except: /^IORING_REGISTER_(LAST|FILES_SKIP|USE_REGISTERED_RING|SRC_|DST_)/,
  }),
  list('REBOOT_COMMANDS', 'linux/reboot.h', /^LINUX_REBOOT_CMD_/),
  flags('MODULE_INIT_FLAGS', 'linux/module.h', /^MODULE_INIT_/),
  flags('LANDLOCK_CREATE_FLAGS', 'linux/landlock.h', /^LANDLOCK_CREATE_RULESET_/),
  flags('CLOSE_RANGE_FLAGS', 'linux/close_range.h', /^CLOSE_RANGE_/),
  // signals
  list('SIGNALS', 'asm/signal.h', /^SIG[A-Z0-9]+$/, {
    except: /^SIG(RTMIN|RTMAX|STKSZ|UNUSED|POLL|IOT|LOST|EV|CLD)$/,
  }),
  flags('SIGACTION_FLAGS', 'asm/signal.h', /^SA_/, {
    except: /^SA_(NOMASK|ONESHOT|IMMUTABLE)$/,
    first: [
      'SA_RESTORER',
      'SA_ONSTACK',
      'SA_RESTART',
      'SA_NODEFER',
      'SA_RESETHAND',
      'SA_SIGINFO',
      'SA_NOCLDSTOP',
      'SA_NOCLDWAIT',
    ],
  }),
  list('SIGPROCMASK_HOW', 'asm/signal.h', /^SIG_(BLOCK|UNBLOCK|SETMASK)$/),
  flags('SIGALTSTACK_FLAGS', 'linux/signal.h', /^SS_/),
  flags('SIGNALFD_FLAGS', 'linux/signalfd.h asm/fcntl.h', /^SFD_(CLOEXEC|NONBLOCK)$/, {
    first: ['SFD_CLOEXEC', 'SFD_NONBLOCK'],
  }),
  list('SIGINFO_CODES', 'asm/siginfo.h', /^SI_/, { except: /^SI_(MAX_SIZE|PAD_SIZE|EXPANSION|LOAD)/ }),
  list('SIGILL_CODES', 'asm/siginfo.h', /^ILL_/, { except: /^ILL_ILL_/ }),
  list('SIGFPE_CODES', 'asm/siginfo.h', /^FPE_/),
  list('SIGSEGV_CODES', 'asm/siginfo.h', /^SEGV_/),
  list('SIGBUS_CODES', 'asm/siginfo.h', /^BUS_/),
  list('SIGTRAP_CODES', 'asm/siginfo.h', /^TRAP_/, { except: /^TRAP_PERF_FLAG/ }),
  list('SIGCHLD_CODES', 'asm/siginfo.h', /^CLD_/),
  list('SIGPOLL_CODES', 'asm/siginfo.h', /^POLL_/),
  list('SIGSYS_CODES', 'asm/siginfo.h', /^SYS_(SECCOMP|USER_DISPATCH)$/),
  list('SIGEV_NOTIFY', 'asm/siginfo.h', /^SIGEV_/, { except: /SIZE$/ }),
  // network
  list('ADDRESS_FAMILIES', 'sys/socket.h', /^AF_/, { ...glibc, except: /^AF_(MAX|LOCAL|FILE|ROUTE)$/ }),
  list('SOCKET_TYPES', 'sys/socket.h', /^SOCK_/, { ...glibc, except: /^SOCK_(CLOEXEC|NONBLOCK|IOC_TYPE)$/ }),
  flags('SOCKET_FLAGS', 'sys/socket.h', /^SOCK_(CLOEXEC|NONBLOCK)$/, {
    ...glibc,
    first: ['SOCK_CLOEXEC', 'SOCK_NONBLOCK'],
  }),
  list('IP_PROTOCOLS', 'linux/in.h linux/in6.h', /^IPPROTO_/, { except: /^IPPROTO_MAX$/ }),
  list('NETLINK_PROTOCOLS', 'linux/netlink.h', /^NETLINK_[A-Z0-9_]+$/, {
    except:
      /^NETLINK_(ADD_MEMBERSHIP|DROP_MEMBERSHIP|PKTINFO|BROADCAST_ERROR|NO_ENOBUFS|RX_RING|TX_RING|LISTEN_ALL_NSID|LIST_MEMBERSHIPS|CAP_ACK|EXT_ACK|GET_STRICT_CHK|INET_DIAG|UNCONNECTED|CONNECTED)$/,
  }),
  list(
    'NETLINK_OPTIONS',
    'linux/netlink.h',
    /^NETLINK_(ADD_MEMBERSHIP|DROP_MEMBERSHIP|PKTINFO|BROADCAST_ERROR|NO_ENOBUFS|RX_RING|TX_RING|LISTEN_ALL_NSID|LIST_MEMBERSHIPS|CAP_ACK|EXT_ACK|GET_STRICT_CHK)$/,
  ),
  list('SOCKET_LEVELS', 'netinet/in.h netinet/tcp.h netinet/udp.h sys/socket.h', /^SOL_/, glibc),
  list('SOCKET_OPTIONS', 'asm/socket.h', /^SO_/, {
    except: /^SO_(GET_FILTER|ATTACH_.*_OLD|DEBUG_.*)$/,
  }),
  list('IP_OPTIONS', 'linux/in.h', /^(IP_|MCAST_)/, {
    except: /^IP_(PMTUDISC_|DEFAULT_|MAX_|XFRM_.*_OLD|RECVRETOPTS$)|^MCAST_(EXCLUDE|INCLUDE)$/,
  }),
  list('IPV6_OPTIONS', 'linux/in6.h', /^IPV6_/, {
    except:
      /^IPV6_(FL_|FLOWINFO_|FLOWLABEL_|PREFER_|TLV_|SRCRT_|PMTUDISC_|PRIORITY_|AUTHHDR$|.*_(DSCP|ECN)|RTHDR_|OPT|MIN_MTU)/,
  }),
  list('TCP_OPTIONS', 'linux/tcp.h', /^TCP_[A-Z0-9_]+$/, {
    except:
      /^TCP_(MSS_DEFAULT|MSS_DESIRED|FLAG_.*|NLA_.*|RECV_QUEUE|SEND_QUEUE|NO_QUEUE|QUEUES_NR|CA_.*|MD5SIG_(MAXKEYLEN|FLAG_.*)|REPAIR_(ON|OFF|OFF_NO_WP)|RECEIVE_ZEROCOPY_FLAG_.*|FASTOPEN_CLIENT_FAIL|TFO_.*|AO_(MAXKEYLEN|KEYF_.*)|ESTABLISHED|SYN_.*|FIN_.*|TIME_WAIT|CLOSE.*|LAST_ACK|LISTEN|CLOSING|RATE_.*|ACCECN_.*|RESERVED_BITS|DATA_OFFSET)$/,
  }),
  list('UDP_OPTIONS', 'linux/udp.h', /^UDP_/, { except: /^UDP_ENCAP_/ }),
  flags('MSG_FLAGS', 'sys/socket.h', /^MSG_/, glibc),
  list('SHUTDOWN_HOW', 'sys/socket.h', /^SHUT_/, glibc),
  list('SOCKETCALLS', 'linux/net.h', /^SYS_/),
  list('ETHERNET_PROTOCOLS', 'linux/if_ether.h', /^ETH_P_/),
  list('HARDWARE_TYPES', 'linux/if_arp.h', /^ARPHRD_/),
  list(
    'PACKET_TYPES',
    'linux/if_packet.h',
    /^PACKET_(HOST|BROADCAST|MULTICAST|OTHERHOST|OUTGOING|LOOPBACK|USER|KERNEL)$/,
  ),
  list('SCM_TYPES', 'linux/socket.h sys/socket.h', /^SCM_/, glibc),
  // waiting, time, ipc
  flags('POLL_EVENTS', 'asm/poll.h', /^POLL[A-Z]+$/, { except: /^POLL(FREE)$/ }),
  flags('EPOLL_EVENTS', 'sys/epoll.h', /^EPOLL[A-Z]+$/, glibc),
  list('EPOLL_OPERATIONS', 'linux/eventpoll.h', /^EPOLL_CTL_/),
  flags('EPOLL_CREATE_FLAGS', 'sys/epoll.h', /^EPOLL_(CLOEXEC|NONBLOCK)$/, glibc),
  flags('EVENTFD_FLAGS', 'sys/eventfd.h', /^EFD_/, {
    ...glibc,
    first: ['EFD_SEMAPHORE', 'EFD_CLOEXEC', 'EFD_NONBLOCK'],
  }),
  flags('TIMERFD_CREATE_FLAGS', 'sys/timerfd.h', /^TFD_(CLOEXEC|NONBLOCK)$/, {
    ...glibc,
    first: ['TFD_CLOEXEC', 'TFD_NONBLOCK'],
  }),
  flags('TIMERFD_SETTIME_FLAGS', 'linux/timerfd.h', /^TFD_TIMER_/),
  list('CLOCKS', 'linux/time.h', /^CLOCK_/, { except: /^CLOCK_(SGI_CYCLE|AUX_LAST)$/ }),
  flags('TIMER_FLAGS', 'linux/time.h', /^TIMER_ABSTIME$/),
  list('ITIMERS', 'linux/time.h', /^ITIMER_/),
  flags('ADJTIME_MODES', 'linux/timex.h', /^ADJ_/, {
    except: /^ADJ_(ADJTIME|OFFSET_SINGLESHOT|OFFSET_SS_READ|OFFSET_READONLY)$/,
  }),
  flags('IPC_GET_FLAGS', 'linux/ipc.h', /^IPC_(CREAT|EXCL|NOWAIT)$/),
  list(
    'SEM_COMMANDS',
    'linux/ipc.h linux/sem.h',
    /^(IPC_(RMID|SET|STAT|INFO)|SEM_(STAT|INFO|STAT_ANY)|(GET|SET)(VAL|ALL)|GET(PID|NCNT|ZCNT))$/,
  ),
  list('MSG_COMMANDS', 'linux/ipc.h linux/msg.h', /^(IPC_(RMID|SET|STAT|INFO)|MSG_(STAT|INFO|STAT_ANY))$/),
  list(
    'SHM_COMMANDS',
    'linux/ipc.h linux/shm.h',
    /^(IPC_(RMID|SET|STAT|INFO)|SHM_(STAT|INFO|STAT_ANY|LOCK|UNLOCK))$/,
  ),
  flags('SHMAT_FLAGS', 'linux/shm.h', /^SHM_(RDONLY|RND|REMAP|EXEC)$/),
  flags('SHMGET_FLAGS', 'linux/shm.h linux/ipc.h', /^(SHM_(HUGETLB|NORESERVE)|IPC_(CREAT|EXCL))$/),
  // ioctl requests that name no driver of their own
  list(
    'IOCTLS',
    'asm/ioctls.h linux/fs.h linux/sockios.h linux/perf_event.h linux/if_tun.h linux/fiemap.h linux/random.h linux/fscrypt.h linux/nsfs.h linux/pidfd.h linux/userfaultfd.h linux/loop.h linux/rtc.h',
    /^(TC[A-Z0-9]+|TIO[A-Z0-9]+|FIO[A-Z0-9]+|SIOC[A-Z0-9]+|BLK[A-Z0-9]+|FI(BMAP|GETBSZ|FREEZE|THAW|TRIM|DEDUPERANGE|CLONE|CLONERANGE)|FS_IOC_[A-Z0-9_]+|PERF_EVENT_IOC_[A-Z_]+|TUN[A-Z0-9]+|RND[A-Z]+|NS_[A-Z_]+|PIDFD_GET_[A-Z_]+|UFFDIO_[A-Z_]+|LOOP_[A-Z_0-9]+|RTC_[A-Z_]+)$/,
    {
      except:
        /^(TIOCPKT_[A-Z]+|TIOCSER_TEMT|TIOCPKT|TIOCINQ|SIOC(PROTO|DEV)PRIVATE|FIOQSIZE_OLD|TUN_.*|FS_IOC_FSGETXATTR_OLD|UFFDIO_[A-Z_]*MODE_.*|LOOP_SET_STATUS_SETTABLE.*|UFFDIO_[A-Z]+_MODE.*|RTC_(AF|IRQF|PF|UF|FEATURE_.*|BSM_.*|PARAM_.*|MAX_FREQ|VL_(DATA|BACKUP|ACCURACY|CLK).*))$/,
    },
  ),
  flags(
    'TERMIOS_IFLAG',
    'asm/termbits.h',
    /^(IGNBRK|BRKINT|IGNPAR|PARMRK|INPCK|ISTRIP|INLCR|IGNCR|ICRNL|IUCLC|IXON|IXANY|IXOFF|IMAXBEL|IUTF8)$/,
  ),
  flags('TERMIOS_OFLAG', 'asm/termbits.h', /^(OPOST|OLCUC|ONLCR|OCRNL|ONOCR|ONLRET|OFILL|OFDEL)$/),
  flags('TERMIOS_CFLAG', 'asm/termbits.h', /^(CSTOPB|CREAD|PARENB|PARODD|HUPCL|CLOCAL|CRTSCTS|CMSPAR)$/),
  flags(
    'TERMIOS_LFLAG',
    'asm/termbits.h',
    /^(ISIG|ICANON|XCASE|ECHO|ECHOE|ECHOK|ECHONL|NOFLSH|TOSTOP|ECHOCTL|ECHOPRT|ECHOKE|FLUSHO|PENDIN|IEXTEN|EXTPROC)$/,
  ),
  list('TERMIOS_BAUD', 'asm/termbits.h', /^B\d+$/),
  // errors
  list('ERRNOS', 'asm/errno.h', /^E[A-Z0-9]+$/, { except: /^(EWOULDBLOCK|EDEADLOCK)$/ }),
]
