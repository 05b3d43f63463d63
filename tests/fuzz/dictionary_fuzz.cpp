// Feeds text to the readers of dictionaries, Python tables and term files: it is refused, or what
// was read works.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include <millrace/context.hpp>

#include "plugins/learn/dictionary.hpp"
#include "plugins/learn/python_table.hpp"
#include "plugins/learn/segmenter.hpp"
#include "plugins/learn/term_weights.hpp"

namespace {

using namespace millrace::learn;

// Words of a text cover it, whatever the dictionary.
void cut(std::string_view text) {
  constexpr std::string_view kStart = "P={'B': -0.26, 'S': -1.46}";
  constexpr std::string_view kTransitions = "P={'B': {'E': -0.5}, 'E': {'B': -0.6, 'S': -0.8}}";
  constexpr std::string_view kEmissions = "P={'B': {'\\u4e00': -3.6}}";
  Segmenter segmenter{std::make_shared<const WordTables>(
      WordTables{Dictionary::read(text), CharacterModel::read(kStart, kTransitions, kEmissions)})};
  std::string joined;
  segmenter.cut(text, Segmenter::Mode::Accurate, [&](std::string_view word) { joined += word; });
  if (joined != text) std::abort();
  segmenter.cut(text, Segmenter::Mode::Full, [](std::string_view) {});
}

void label(std::string_view text) {
  const auto labels = read_term_file(text);
  const auto written = write_term_file(labels);
  if (write_term_file(read_term_file(written)) != written) std::abort();
  TermWeightModel::Scratch scratch;
  const TermWeightModel model{labels, "general", TermWeightModel::Contest::Candidates};
  static_cast<void>(model.label(text, scratch));
}

template <class Function>
void unless_refused(Function function, std::string_view text) {
  try {
    function(text);
  } catch (const millrace::Failure&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  unless_refused(cut, text);
  unless_refused(label, text);
  unless_refused([](std::string_view t) { read_python_table("t", t, 2, [](auto, double) {}); },
                 text);
  return 0;
}
