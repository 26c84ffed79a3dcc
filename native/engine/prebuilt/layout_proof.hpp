#pragma once

#include "../engine.hpp"

namespace sdcpp {

// The two functions that print a parameter struct as text; the engine allocates the text with malloc.
struct layout_printers {
    char* (*context)(const sd_ctx_params_t*);
    char* (*image)(const sd_img_gen_params_t*);
};

// Shows that the structs of engine_abi.hpp are the ones this binary has, or throws `failure` naming the first difference.
void prove_layout(const engine_api& api, const layout_printers& print);

} // namespace sdcpp
