// The ELF constants this floor and its users name, spelled as in the kernel's include/uapi/linux/elf.h and glibc's elf.h.

export const ET_REL = 1
export const ET_EXEC = 2
export const ET_DYN = 3
export const ET_CORE = 4

export const EM_386 = 3
export const EM_ARM = 40
export const EM_X86_64 = 62
export const EM_AARCH64 = 183
export const EM_RISCV = 243
export const EM_BPF = 247

export const SHN_UNDEF = 0
export const SHN_LORESERVE = 0xff00
export const SHN_ABS = 0xfff1
export const SHN_COMMON = 0xfff2
export const SHN_XINDEX = 0xffff

export const SHT_NULL = 0
export const SHT_PROGBITS = 1
export const SHT_SYMTAB = 2
export const SHT_STRTAB = 3
export const SHT_RELA = 4
export const SHT_DYNAMIC = 6
export const SHT_NOTE = 7
export const SHT_NOBITS = 8
export const SHT_REL = 9
export const SHT_DYNSYM = 11
export const SHT_SYMTAB_SHNDX = 18
export const SHT_GNU_VERDEF = 0x6ffffffd
export const SHT_GNU_VERNEED = 0x6ffffffe
export const SHT_GNU_VERSYM = 0x6fffffff

export const SHF_WRITE = 0x1
export const SHF_ALLOC = 0x2
export const SHF_EXECINSTR = 0x4
export const SHF_COMPRESSED = 0x800

export const ELFCOMPRESS_ZLIB = 1
export const ELFCOMPRESS_ZSTD = 2

export const PT_LOAD = 1
export const PT_DYNAMIC = 2
export const PT_NOTE = 4
export const PF_X = 1
export const PF_W = 2
export const PF_R = 4

export const STB_LOCAL = 0
export const STB_GLOBAL = 1
export const STB_WEAK = 2

export const STT_NOTYPE = 0
export const STT_OBJECT = 1
export const STT_FUNC = 2
export const STT_SECTION = 3
export const STT_FILE = 4
export const STT_TLS = 6
export const STT_GNU_IFUNC = 10

export const STV_DEFAULT = 0
export const STV_HIDDEN = 2

export const R_BPF_64_64 = 1
export const R_BPF_64_ABS64 = 2
export const R_BPF_64_ABS32 = 3
export const R_BPF_64_32 = 10

export const DT_NULL = 0
export const DT_NEEDED = 1
export const DT_STRTAB = 5
export const DT_STRSZ = 10
export const DT_SONAME = 14
export const DT_RPATH = 15
export const DT_RUNPATH = 29

export const NT_GNU_BUILD_ID = 3
export const NT_STAPSDT = 3
