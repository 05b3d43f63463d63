#pragma once

// Templates of libraries that nearly every file uses, compiled for all of them by
// compiled_once.cpp. Only the precompiled headers include this; a file that has none compiles its
// own. Measured, g++ 12 with -Og and both sanitizers, seconds of one core: a file that writes to
// the log 9.6 without and 5.4 with it, a test that reads JSON 6.7 and 4.6, a batch of eight files
// 16 and 12 (api/http), 22 and 16 (engine/store); this file itself 20.
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <fmt/format.h>

/// MR_COMPILED_ONCE(extern) declares the instances, MR_COMPILED_ONCE() defines them.
#define MR_COMPILED_ONCE(EXTERN)                                                                \
  EXTERN template class nlohmann::basic_json<nlohmann::ordered_map>;                            \
  EXTERN template class std::vector<nlohmann::ordered_json>;                                    \
  EXTERN template class nlohmann::detail::serializer<nlohmann::ordered_json>;                   \
  EXTERN template class nlohmann::detail::json_sax_dom_parser<nlohmann::ordered_json>;          \
  EXTERN template class nlohmann::detail::json_sax_dom_callback_parser<nlohmann::ordered_json>; \
  MR_JSON_READ_FROM(EXTERN, const char*)                                                        \
  MR_JSON_READ_FROM(EXTERN, std::string::const_iterator)                                        \
  EXTERN template void fmt::detail::vformat_to<char>(                                           \
      fmt::detail::buffer<char>&, fmt::string_view,                                             \
      fmt::basic_format_args<FMT_BUFFER_CONTEXT(char)>, fmt::detail::locale_ref)

// JSON that is read from a literal or a view, and from a string.
#define MR_JSON_READ_FROM(EXTERN, ITERATOR)                                        \
  EXTERN template class nlohmann::detail::lexer<                                   \
      nlohmann::ordered_json, nlohmann::detail::iterator_input_adapter<ITERATOR>>; \
  EXTERN template class nlohmann::detail::parser<                                  \
      nlohmann::ordered_json, nlohmann::detail::iterator_input_adapter<ITERATOR>>;

MR_COMPILED_ONCE(extern);
