#include "elf_symbols.hpp"

#include "../../src/failure.hpp"
#include "mapped_file.hpp"

#include <cstring>
#include <elf.h>

namespace sdcpp {
namespace {

[[noreturn]] void broken(const std::string& path, const char* what) {
    throw failure(SDCPP_ENGINE_INCOMPATIBLE, "the engine file '" + path + "' " + what);
}

// A table inside the file; refuses one that reaches past its end.
template <typename T>
const T* table(const mapped_file& file, const std::string& path, uint64_t offset, uint64_t bytes) {
    if (offset > file.size() || bytes > file.size() - offset || offset % alignof(T) != 0) {
        broken(path, "has a section outside the file");
    }
    return reinterpret_cast<const T*>(file.data() + offset);
}

} // namespace

std::unordered_map<std::string, uint64_t> read_function_symbols(const std::string& path) {
    const mapped_file file(path);
    const auto* header = table<Elf64_Ehdr>(file, path, 0, sizeof(Elf64_Ehdr));
    if (std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64) {
        broken(path, "is not a 64-bit ELF library");
    }
    const auto* sections = table<Elf64_Shdr>(file, path, header->e_shoff, uint64_t{header->e_shnum} * sizeof(Elf64_Shdr));
    std::unordered_map<std::string, uint64_t> symbols;
    for (int i = 0; i < header->e_shnum; ++i) {
        if (sections[i].sh_type != SHT_SYMTAB || sections[i].sh_link >= header->e_shnum) {
            continue;
        }
        const Elf64_Shdr& names = sections[sections[i].sh_link];
        const char* text = table<char>(file, path, names.sh_offset, names.sh_size);
        const auto* entries = table<Elf64_Sym>(file, path, sections[i].sh_offset, sections[i].sh_size);
        for (uint64_t s = 0; s < sections[i].sh_size / sizeof(Elf64_Sym); ++s) {
            if (ELF64_ST_TYPE(entries[s].st_info) == STT_FUNC && entries[s].st_shndx != SHN_UNDEF && entries[s].st_name < names.sh_size) {
                // Mangled names are C++; the bridge only asks for C functions.
                const char* name = text + entries[s].st_name;
                if (name[0] != '_') {
                    symbols.emplace(std::string(name, strnlen(name, names.sh_size - entries[s].st_name)), entries[s].st_value);
                }
            }
        }
    }
    if (symbols.empty()) {
        broken(path, "carries no symbol table (it has been stripped)");
    }
    return symbols;
}

} // namespace sdcpp
