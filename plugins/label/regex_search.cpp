// PCRE2 counts its steps anew at each place where a match may begin, so its own limit bounds no
// search: 16 MB of text times ten million steps is weeks. Our count is by callouts, over the whole
// search, and takes what was passed between two of them into account. The just-in-time compiler of
// PCRE2 is left alone: it would need memory that is both written and executed, and has no bound of
// its stack that one thread could not exceed. RE2 is linear, but by the size of its program; that
// product has a bound too.
#include "plugins/label/regex_search.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <utility>

#define PCRE2_CODE_UNIT_WIDTH 8
#include "plugins/label/regex_text.hpp"

#include <pcre2.h>
#include <re2/re2.h>

namespace millrace::label {
namespace {

constexpr std::size_t kBytesOfStep = 256;
// RE2's slowest way tries each instruction of the program at each byte.
constexpr std::uint64_t kInstructionsOfStep = 256;
// Its usual way is about as much faster.
constexpr std::uint64_t kUsualGain = 16;
constexpr std::uint64_t kSearchesOfText = 10;  // as long as they may be
constexpr int kMostInstructions = 20000;       // a larger program is left to PCRE2
constexpr std::uint32_t kMostParentheses = 4 * kMostPatternDepth;

struct StepCount {
  std::uint64_t left;
  std::size_t position;
};

std::size_t distance(std::size_t a, std::size_t b) { return a > b ? a - b : b - a; }

// Length of what the group that a callout names has matched.
std::size_t bytes_of_group(const pcre2_callout_block& callout) {
  std::size_t group = 0;
  for (std::size_t i = 0; i < callout.callout_string_length; ++i) {
    group = group * 10 + static_cast<std::size_t>(callout.callout_string[i] - '0');
  }
  if (group >= callout.capture_top) return 0;
  const auto begin = callout.offset_vector[2 * group], end = callout.offset_vector[2 * group + 1];
  return begin == PCRE2_UNSET || end == PCRE2_UNSET ? 0 : distance(begin, end);
}

int count_step(pcre2_callout_block* callout, void* data) {
  auto& count = *static_cast<StepCount*>(data);
  std::size_t bytes = distance(callout->current_position, count.position);
  if (callout->callout_string != nullptr) bytes += bytes_of_group(*callout);
  count.position = callout->current_position;
  const std::uint64_t steps = 1 + callout->callout_number + bytes / kBytesOfStep;
  if (steps > count.left) return PCRE2_ERROR_MATCHLIMIT;
  count.left -= steps;
  return 0;
}

struct FreeCompileContext {
  void operator()(pcre2_compile_context* context) const { pcre2_compile_context_free(context); }
};

template <class T>
T* allocated(T* made) {
  if (made == nullptr) throw std::bad_alloc{};
  return made;
}

std::unique_ptr<re2::RE2> compile_linear(const Pattern& pattern, std::size_t memory_bytes) {
  if (memory_bytes == 0) return nullptr;  // which RE2 would take for no bound
  const auto text = text_for_re2(pattern);
  if (!text) return nullptr;
  re2::RE2::Options options;
  options.set_max_mem(static_cast<std::int64_t>(memory_bytes));
  options.set_dot_nl(true);
  options.set_never_capture(true);
  options.set_log_errors(false);
  auto compiled = std::make_unique<re2::RE2>(*text, options);
  return compiled->ok() && compiled->ProgramSize() <= kMostInstructions ? std::move(compiled)
                                                                        : nullptr;
}

std::string message_of(int error) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(error, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

}  // namespace

void SearchMemory::FreeMatch::operator()(pcre2_real_match_data_8* match) const {
  pcre2_match_data_free(match);
}
void SearchMemory::FreeContext::operator()(pcre2_real_match_context_8* context) const {
  pcre2_match_context_free(context);
}
void RegexSearch::FreeCode::operator()(pcre2_real_code_8* code) const { pcre2_code_free(code); }

SearchMemory::SearchMemory(const SearchLimits& limits)
    : limits_{limits},
      match_{allocated(pcre2_match_data_create(1, nullptr))},
      context_{allocated(pcre2_match_context_create(nullptr))} {
  begin_text();
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  // A step of ours is a few of PCRE2's, whose limit is there in case that one has none of ours.
  constexpr std::uint64_t kTheirs = 8;
  pcre2_set_match_limit(context_.get(), static_cast<std::uint32_t>(
                                            std::min(limits.steps, kMost / kTheirs) * kTheirs));
  pcre2_set_heap_limit(context_.get(),
                       static_cast<std::uint32_t>(std::min(limits.heap_bytes / 1024, kMost)));
}

void SearchMemory::begin_text() {
  steps_left_ =
      limits_.steps > UINT64_MAX / kSearchesOfText ? UINT64_MAX : limits_.steps * kSearchesOfText;
}

RegexSearch::RegexSearch() = default;
RegexSearch::RegexSearch(RegexSearch&&) noexcept = default;
RegexSearch& RegexSearch::operator=(RegexSearch&&) noexcept = default;
RegexSearch::~RegexSearch() = default;

std::variant<RegexSearch, std::string> RegexSearch::compile(const Pattern& pattern,
                                                            std::size_t memory_bytes) {
  RegexSearch search;
  search.linear_ = compile_linear(pattern, memory_bytes);
  if (search.linear_) return search;
  const std::string text = text_for_pcre2(pattern);
  const std::unique_ptr<pcre2_compile_context, FreeCompileContext> context{
      allocated(pcre2_compile_context_create(nullptr))};
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  pcre2_set_parens_nest_limit(context.get(), kMostParentheses);
  int error = 0;
  std::size_t place = 0;
  search.code_.reset(pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
      PCRE2_UTF | PCRE2_UCP | PCRE2_DOTALL | PCRE2_ALT_CIRCUMFLEX | PCRE2_NEVER_BACKSLASH_C, &error,
      &place, context.get()));
  if (search.code_) return search;
  return "PCRE2 does not take it: " + message_of(error);
}

SearchResult RegexSearch::search(std::string_view text, SearchMemory& memory,
                                 SearchPlace* place) const {
  const std::uint64_t most = std::min(memory.limits_.steps, memory.steps_left_);
  if (linear_) {
    const auto program = static_cast<std::uint64_t>(linear_->ProgramSize());
    const std::uint64_t steps = program * text.size() / kInstructionsOfStep;
    if (steps > memory.limits_.steps || steps / kUsualGain > most) return SearchResult::OverLimit;
    memory.steps_left_ -= steps / kUsualGain;
    re2::StringPiece match;
    const bool is_found = linear_->Match(re2::StringPiece{text.data(), text.size()}, 0, text.size(),
                                         re2::RE2::UNANCHORED, &match, place == nullptr ? 0 : 1);
    if (is_found && place != nullptr) {
      const auto begin = static_cast<std::size_t>(match.data() - text.data());
      *place = {begin, begin + match.size()};
    }
    return is_found ? SearchResult::Found : SearchResult::NotFound;
  }
  StepCount count{most, 0};
  pcre2_set_callout(memory.context_.get(), count_step, &count);
  const int result =
      pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0,
                  PCRE2_NO_UTF_CHECK, memory.match_.get(), memory.context_.get());
  if (result == PCRE2_ERROR_MATCHLIMIT) count.left = 0;
  memory.steps_left_ -= most - count.left;
  if (result >= 0 && place != nullptr) {
    const std::size_t* const ends = pcre2_get_ovector_pointer(memory.match_.get());
    *place = {ends[0], ends[1]};
  }
  if (result >= 0) return SearchResult::Found;
  return result == PCRE2_ERROR_NOMATCH ? SearchResult::NotFound : SearchResult::OverLimit;
}

std::size_t RegexSearch::size_bytes() const {
  constexpr std::size_t kInstructionBytes = 16;
  if (linear_) {
    return kInstructionBytes *
           static_cast<std::size_t>(linear_->ProgramSize() + linear_->ReverseProgramSize());
  }
  std::size_t size = 0;
  pcre2_pattern_info(code_.get(), PCRE2_INFO_SIZE, &size);
  return size;
}

}  // namespace millrace::label
