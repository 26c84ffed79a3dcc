#include "quiet_stdout.hpp"

#if defined(__linux__) && defined(__LP64__)

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <elf.h>
#include <link.h>

namespace sdcpp {
namespace {

// By address: an engine that is linked into this library shares its table, and would lead these back to themselves.
int (*volatile real_fputc)(int, FILE*) = std::fputc;
int (*volatile real_fputs)(const char*, FILE*) = std::fputs;
size_t (*volatile real_fwrite)(const void*, size_t, size_t, FILE*) = std::fwrite;

// What the engine calls in place of the C library's functions: the same, but for the standard output.
int quiet_printf(const char*, ...) { return 0; }
int quiet_printf_chk(int, const char*, ...) { return 0; }
int quiet_puts(const char*) { return 0; }
int quiet_putchar(int c) { return c; }
int quiet_fputc(int c, FILE* to) { return to == stdout ? c : real_fputc(c, to); }
int quiet_fputs(const char* text, FILE* to) { return to == stdout ? 0 : real_fputs(text, to); }
size_t quiet_fwrite(const void* from, size_t size, size_t count, FILE* to) { return to == stdout ? count : real_fwrite(from, size, count, to); }

struct replacement {
    const char* name;
    uintptr_t function;
};

const replacement replacements[] = {
    {"printf", reinterpret_cast<uintptr_t>(quiet_printf)}, {"__printf_chk", reinterpret_cast<uintptr_t>(quiet_printf_chk)},
    {"puts", reinterpret_cast<uintptr_t>(quiet_puts)},     {"putchar", reinterpret_cast<uintptr_t>(quiet_putchar)},
    {"fputc", reinterpret_cast<uintptr_t>(quiet_fputc)},   {"putc", reinterpret_cast<uintptr_t>(quiet_fputc)},
    {"fputs", reinterpret_cast<uintptr_t>(quiet_fputs)},   {"fwrite", reinterpret_cast<uintptr_t>(quiet_fwrite)},
};

// A loaded object: where its lazily bound calls go is written in a table, which has a relocation for each.
struct object {
    uintptr_t base = 0;
    const ElfW(Dyn)* dynamic = nullptr;
    uintptr_t sealed_begin = 0;
    uintptr_t sealed_end = 0;
};

// glibc has added the base to the addresses in this table, other C libraries have not.
uintptr_t address(const object& o, uintptr_t value) { return value < o.base ? o.base + value : value; }

void patch(const object& o) {
    const ElfW(Rela)* relocations = nullptr;
    size_t bytes = 0;
    const ElfW(Sym)* symbols = nullptr;
    const char* names = nullptr;
    for (const ElfW(Dyn)* d = o.dynamic; d->d_tag != DT_NULL; ++d) {
        switch (d->d_tag) {
        case DT_JMPREL: relocations = reinterpret_cast<const ElfW(Rela)*>(address(o, d->d_un.d_ptr)); break;
        case DT_PLTRELSZ: bytes = d->d_un.d_val; break;
        case DT_SYMTAB: symbols = reinterpret_cast<const ElfW(Sym)*>(address(o, d->d_un.d_ptr)); break;
        case DT_STRTAB: names = reinterpret_cast<const char*>(address(o, d->d_un.d_ptr)); break;
        default: break;
        }
    }
    if (relocations == nullptr || symbols == nullptr || names == nullptr) {
        return;
    }
    for (size_t i = 0; i < bytes / sizeof(ElfW(Rela)); ++i) {
        const uintptr_t slot = o.base + relocations[i].r_offset;
        // What the loader has made read-only stays as it is.
        if (slot >= o.sealed_begin && slot < o.sealed_end) {
            continue;
        }
        const char* name = names + symbols[ELF64_R_SYM(relocations[i].r_info)].st_name;
        for (const replacement& r : replacements) {
            if (std::strcmp(name, r.name) == 0) {
                *reinterpret_cast<uintptr_t*>(slot) = r.function;
            }
        }
    }
}

struct search {
    uintptr_t function;
};

int visit(dl_phdr_info* info, size_t, void* data) {
    object o;
    o.base = info->dlpi_addr;
    bool found = false;
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        const ElfW(Phdr)& p = info->dlpi_phdr[i];
        const uintptr_t begin = o.base + p.p_vaddr;
        const uintptr_t function = static_cast<search*>(data)->function;
        found = found || (p.p_type == PT_LOAD && function >= begin && function < begin + p.p_memsz);
        if (p.p_type == PT_DYNAMIC) {
            o.dynamic = reinterpret_cast<const ElfW(Dyn)*>(begin);
        } else if (p.p_type == PT_GNU_RELRO) {
            o.sealed_begin = begin;
            o.sealed_end = begin + p.p_memsz;
        }
    }
    if (found && o.dynamic != nullptr) {
        patch(o);
    }
    return found ? 1 : 0;
}

} // namespace

void quiet_stdout(const void* function) noexcept {
    search data{reinterpret_cast<uintptr_t>(function)};
    ::dl_iterate_phdr(visit, &data);
}

} // namespace sdcpp

#else

namespace sdcpp {

void quiet_stdout(const void*) noexcept {}

} // namespace sdcpp

#endif
