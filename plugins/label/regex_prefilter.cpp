#include "plugins/label/regex_prefilter.hpp"

#include <algorithm>
#include <exception>
#include <limits>
#include <new>
#include <stdexcept>

#include <hs/hs.h>

namespace millrace::label {
namespace {

constexpr unsigned kPrefilterFlags =
    HS_FLAG_UTF8 | HS_FLAG_DOTALL | HS_FLAG_SINGLEMATCH | HS_FLAG_PREFILTER;

struct FreeCompileError {
  void operator()(hs_compile_error_t* error) const { hs_free_compile_error(error); }
};

struct CompiledPrefilter {
  hs_database_t* database = nullptr;
  std::ptrdiff_t refused = -1;  // place of the pattern at which it failed, where that is known
};

CompiledPrefilter compile_prefilter(const std::vector<RegexPrefilter::Entry>& entries) {
  std::vector<const char*> texts;
  std::vector<unsigned> ids;
  for (const auto& entry : entries) {
    texts.push_back(entry.text.c_str());
    ids.push_back(entry.id);
  }
  const std::vector<unsigned> flags(entries.size(), kPrefilterFlags);
  CompiledPrefilter compiled;
  hs_compile_error_t* raw_error = nullptr;
  const auto code =
      hs_compile_multi(texts.data(), flags.data(), ids.data(), static_cast<unsigned>(texts.size()),
                       HS_MODE_BLOCK, nullptr, &compiled.database, &raw_error);
  const std::unique_ptr<hs_compile_error_t, FreeCompileError> error{raw_error};
  if (code == HS_SUCCESS) return compiled;
  compiled.database = nullptr;
  if (error) compiled.refused = error->expression;
  return compiled;
}

// What Vectorscan takes when it is asked for one pattern at a time.
std::vector<RegexPrefilter::Entry> taken_alone(const std::vector<RegexPrefilter::Entry>& entries,
                                               std::vector<std::uint32_t>& refused) {
  std::vector<RegexPrefilter::Entry> taken;
  for (const auto& entry : entries) {
    hs_database_t* const database = compile_prefilter({entry}).database;
    database != nullptr ? taken.push_back(entry) : refused.push_back(entry.id);
    hs_free_database(database);
  }
  return taken;
}

struct Candidates {
  std::vector<std::uint32_t>& ids;
  std::exception_ptr thrown;
};

int add_candidate(unsigned id, unsigned long long, unsigned long long, unsigned, void* context) {
  auto& candidates = *static_cast<Candidates*>(context);
  try {
    candidates.ids.push_back(id);
    return 0;
  } catch (...) {  // nothing may pass through C
    candidates.thrown = std::current_exception();
    return 1;
  }
}

}  // namespace

void RegexPrefilter::FreeScratch::operator()(hs_scratch* scratch) const {
  hs_free_scratch(scratch);
}
void RegexPrefilter::FreeDatabase::operator()(hs_database* database) const {
  hs_free_database(database);
}

RegexPrefilter::RegexPrefilter(const std::vector<Entry>& entries,
                               std::vector<std::uint32_t>& refused) {
  constexpr int kMostTries = 8;  // at all together, before each is tried alone
  auto left = entries;
  for (int tries = 0; !left.empty(); ++tries) {
    const auto compiled = compile_prefilter(left);
    if (compiled.database != nullptr) {
      database_.reset(compiled.database);
      return;
    }
    if (tries > kMostTries) break;
    if (compiled.refused >= 0 && tries < kMostTries) {
      const auto place = left.begin() + compiled.refused;
      refused.push_back(place->id);
      left.erase(place);
    } else {
      left = taken_alone(left, refused);
      tries = kMostTries;
    }
  }
  for (const auto& entry : left) refused.push_back(entry.id);  // alone, but not together
}

RegexPrefilter::Scratch RegexPrefilter::make_scratch() const {
  hs_scratch_t* scratch = nullptr;
  if (database_ && hs_alloc_scratch(database_.get(), &scratch) != HS_SUCCESS) {
    throw std::bad_alloc{};
  }
  return Scratch{scratch};
}

void RegexPrefilter::scan(std::string_view text, Scratch& scratch,
                          std::vector<std::uint32_t>& candidates) const {
  if (!database_) return;
  if (text.size() > std::numeric_limits<unsigned>::max()) {
    throw std::length_error{"scan a text: it has 4 GiB or more"};
  }
  Candidates found{candidates, nullptr};
  const auto code = hs_scan(database_.get(), text.data(), static_cast<unsigned>(text.size()), 0,
                            scratch.get(), add_candidate, &found);
  if (found.thrown) std::rethrow_exception(found.thrown);
  if (code != HS_SUCCESS) {
    throw std::runtime_error{"scan a text: Vectorscan failed with code " + std::to_string(code)};
  }
}

std::size_t RegexPrefilter::size_bytes() const {
  std::size_t size = 0;
  if (database_) hs_database_size(database_.get(), &size);
  return size;
}

}  // namespace millrace::label
