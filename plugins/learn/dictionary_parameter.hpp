#pragma once

#include <memory>
#include <string_view>

#include <millrace/context.hpp>

#include "plugins/learn/word_tables.hpp"

namespace millrace::learn {

/// The parameter of operators that cut texts into words, a member of a JSON object.
inline constexpr std::string_view kDictionaryParam = R"(
    "dictionary": {"type": "uri", "form": "prefix",
      "doc": "Address of a folder with dict.txt, and with prob_start.py, prob_trans.py and prob_emit.py below finalseg/: jieba's files. Absent: those of Debian's package python3-jieba."})";

/// Reads the tables that the parameter names; Debian's are shared by all. Throws Failure.
std::shared_ptr<const WordTables> word_tables_of(Context& context, const Params& params);

}  // namespace millrace::learn
