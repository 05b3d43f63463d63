#include "plugins/learn/dictionary_parameter.hpp"

#include <string>

namespace millrace::learn {

std::shared_ptr<const WordTables> word_tables_of(Context& context, const Params& params) {
  auto folder = params.string("dictionary");
  if (folder.empty()) return debian_word_tables();
  while (folder.ends_with('/')) folder.pop_back();
  return std::make_shared<const WordTables>(read_word_tables(  // shared with segmenters
      [&](const std::string& path) {
        return context.read_all(folder + '/' + path, Dictionary::kMostBytes);
      }));
}

}  // namespace millrace::learn
