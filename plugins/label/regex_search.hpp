#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "plugins/label/python_pattern.hpp"

struct pcre2_real_code_8;
struct pcre2_real_match_context_8;
struct pcre2_real_match_data_8;
namespace re2 {
class RE2;
}

namespace millrace::label {

/// What one search may cost; all searches of one text, ten times as much.
struct SearchLimits {
  /// A step is each way that a search goes on from a place where it had a choice, and each 256
  /// bytes that it passes.
  std::uint64_t steps = 10'000'000;
  std::uint64_t heap_bytes = 32u << 20;  // for places to come back to
};

enum class SearchResult : std::uint8_t { NotFound, Found, OverLimit };

/// Where a pattern is found: bytes [begin, end) of the text.
struct SearchPlace {
  std::size_t begin = 0, end = 0;
};

/// What searches write to: one for each thread.
class SearchMemory {
 public:
  explicit SearchMemory(const SearchLimits& limits);

  /// To be called before the first search of a text.
  void begin_text();

 private:
  friend class RegexSearch;
  struct FreeMatch {
    void operator()(pcre2_real_match_data_8* match) const;
  };
  struct FreeContext {
    void operator()(pcre2_real_match_context_8* context) const;
  };
  SearchLimits limits_;
  std::uint64_t steps_left_ = 0;  // of this text
  std::unique_ptr<pcre2_real_match_data_8, FreeMatch> match_;
  std::unique_ptr<pcre2_real_match_context_8, FreeContext> context_;
};

/// One pattern, ready to be searched for: by RE2 in linear time where the pattern allows it, else
/// by PCRE2, whose steps are counted. [any thread; each with its own memory]
class RegexSearch {
 public:
  enum class Engine : std::uint8_t { Re2, Pcre2 };

  /// `memory_bytes` is what RE2 may take for program and states together; a pattern that needs more
  /// goes to PCRE2, with 0 each. The other result is why neither takes it.
  static std::variant<RegexSearch, std::string> compile(const Pattern& pattern,
                                                        std::size_t memory_bytes);
  RegexSearch(RegexSearch&&) noexcept;
  RegexSearch& operator=(RegexSearch&&) noexcept;
  ~RegexSearch();

  /// Searches valid UTF-8 as re.search() does. OverLimit: it would have taken more than the limits.
  /// Who wants to know where, and not only whether, gives a `place`.
  [[nodiscard]] SearchResult search(std::string_view text, SearchMemory& memory,
                                    SearchPlace* place = nullptr) const;

  [[nodiscard]] Engine engine() const { return linear_ ? Engine::Re2 : Engine::Pcre2; }
  /// Memory of the compiled pattern, that of states excepted.
  [[nodiscard]] std::size_t size_bytes() const;

 private:
  struct FreeCode {
    void operator()(pcre2_real_code_8* code) const;
  };
  RegexSearch();

  std::unique_ptr<re2::RE2> linear_;  // or else:
  std::unique_ptr<pcre2_real_code_8, FreeCode> code_;
};

}  // namespace millrace::label
