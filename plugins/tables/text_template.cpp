#include "plugins/tables/text_template.hpp"

#include <millrace/context.hpp>

namespace millrace::tables {

TextTemplate::TextTemplate(std::string_view text) {
  const auto refuse = [&] {
    throw Failure{MR_INVALID_ARGUMENT,
                  "a text has columns in braces, {rows}, and {{ and }} for braces themselves: " +
                      std::string{text}};
  };
  texts_.emplace_back();
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char letter = text[at];
    if (letter != '{' && letter != '}') {
      texts_.back().push_back(letter);
    } else if (text.substr(at + 1, 1) == text.substr(at, 1)) {
      texts_.back().push_back(letter);
      ++at;
    } else {
      const auto end = text.find_first_of("{}", at + 1);
      if (letter == '}' || end == std::string_view::npos || text[end] == '{' || end == at + 1)
        refuse();
      columns_.emplace_back(text.substr(at + 1, end - at - 1));
      texts_.emplace_back();
      at = end;
    }
  }
}

}  // namespace millrace::tables
