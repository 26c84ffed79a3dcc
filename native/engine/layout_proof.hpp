#pragma once

#include "engine.hpp"

namespace sdcpp {

// The two functions that print a parameter struct as text; the engine allocates the text with malloc. Null where an engine has none.
struct layout_printers {
    char* (*context)(const sd_ctx_params_t*) = nullptr;
    char* (*image)(const sd_img_gen_params_t*) = nullptr;
};

// Shows that the structs and enums that the bridge was compiled with are those of the engine at hand, or throws `failure` naming the first
// difference after `what`. For every provider, before anything else is asked of the engine: a struct of another version would be written
// beyond its end.
void prove_layout(const engine_api& api, const layout_printers& print, const std::string& what);

} // namespace sdcpp
