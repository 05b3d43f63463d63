#pragma once

#include <string>

namespace millrace::learn {

// Bounds of models of texts as members of a JSON object, for the declarations of operators: what
// `millrace limits` shows.

/// Of rows that are learnt from.
[[nodiscard]] std::string training_limits();
/// Of forests and their files.
[[nodiscard]] std::string forest_limits();
/// Of term weights and their files.
[[nodiscard]] std::string term_limits();
/// Of dictionaries, by which texts are cut.
[[nodiscard]] std::string dictionary_limits();

}  // namespace millrace::learn
