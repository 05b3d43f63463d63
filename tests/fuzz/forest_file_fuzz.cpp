// Feeds text to the reader of forest files: it is refused, or the forest votes, and what is written
// of it reads back as the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <millrace/context.hpp>

#include "plugins/learn/forest_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace::learn;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  try {
    const auto read = read_forest_file(text);
    const auto written = write_forest_file(read);
    if (write_forest_file(read_forest_file(written)) != written) std::abort();
    ForestVoter voter{read.forest};
    TfIdf::Scratch scratch;
    read.features.transform(text, scratch);
    if (voter.vote(scratch.columns, scratch.values) >= read.classes.size()) std::abort();
  } catch (const millrace::Failure&) {
  }
  return 0;
}
