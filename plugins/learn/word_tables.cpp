#include "plugins/learn/word_tables.hpp"

#include <fstream>
#include <mutex>
#include <utility>

#include <millrace/context.hpp>

namespace millrace::learn {

namespace {

std::string read_debian_file(const std::string& path) {
  const auto whole = std::string{kWordFolder} + '/' + path;
  std::ifstream file{whole, std::ios::binary};
  if (!file)
    throw Failure{MR_NOT_FOUND, "cannot read " + whole +
                                    ": install the package python3-jieba, or name the folder of a "
                                    "dictionary with the parameter `dictionary`"};
  std::string bytes;
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  while (file && bytes.size() <= Dictionary::kMostBytes) {
    const auto before = bytes.size();
    bytes.resize(before + kPiece);
    file.read(bytes.data() + before, kPiece);
    bytes.resize(before + static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad()) throw Failure{MR_IO, "cannot read " + whole};
  return bytes;
}

}  // namespace

WordTables read_word_tables(const std::function<std::string(const std::string& path)>& read) {
  return {Dictionary::read(read("dict.txt")),
          CharacterModel::read(read("finalseg/prob_start.py"), read("finalseg/prob_trans.py"),
                               read("finalseg/prob_emit.py"))};
}

std::shared_ptr<const WordTables> debian_word_tables() {
  static std::mutex mutex;  // guards `shared`, and lets one thread read
  static std::weak_ptr<const WordTables> shared;
  const std::lock_guard lock{mutex};
  auto tables = shared.lock();
  if (!tables) {
    tables = std::make_shared<const WordTables>(read_word_tables(read_debian_file));
    shared = tables;
  }
  return tables;
}

}  // namespace millrace::learn
