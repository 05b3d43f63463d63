#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "plugins/learn/segmenter.hpp"

namespace millrace::learn {

/// Where Debian's package python3-jieba has its dictionary and tables.
inline constexpr std::string_view kWordFolder = "/usr/lib/python3/dist-packages/jieba";

/// Reads the tables of a jieba folder: dict.txt, and prob_start.py, prob_trans.py and prob_emit.py
/// below finalseg/. `read` gives the bytes of a file by its path below the folder.
WordTables read_word_tables(const std::function<std::string(const std::string& path)>& read);

/// Returns the tables of kWordFolder, which all who ask for them share while any of them has them.
/// Throws Failure with NotFound, which names the package, when they are not installed. [any thread]
std::shared_ptr<const WordTables> debian_word_tables();

}  // namespace millrace::learn
