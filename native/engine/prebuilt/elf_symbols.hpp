// Finds functions that a loaded ELF library has but does not export.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

namespace sdcpp {

// Reads the whole `.symtab` of an ELF64 little-endian file: function name to address within the file's own image.
// Throws `failure` when the file is not such a file or carries no symbol table.
std::unordered_map<std::string, uint64_t> read_function_symbols(const std::string& path);

} // namespace sdcpp
