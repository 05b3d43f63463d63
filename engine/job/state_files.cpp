#include "engine/job/state_files.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "engine/base/json.hpp"
#include "engine/base/sha1.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

constexpr const char* kFiles = "@files";  // of a checkpoint: which states are files
constexpr std::string_view kPrefix = "_state.";

std::string prefix_of(int set) { return fmt::format("{}{}.", kPrefix, set); }

Result<std::string> read_file(Scratch& scratch, const std::string& name, std::uint64_t bytes) {
  MR_TRY(const auto reader, scratch.open(name));
  std::string text;
  text.reserve(bytes);
  std::array<char, 64u << 10> buffer{};
  while (text.size() <= bytes) {
    MR_TRY(const std::size_t got, reader->read(buffer));
    if (got == 0) break;
    text.append(buffer.data(), got);
  }
  return text;
}

}  // namespace

bool StateFiles::has_large(const Checkpoint& checkpoint) {
  return std::any_of(checkpoint.states.begin(), checkpoint.states.end(),
                     [](const auto& state) { return state.second.size() > kMostInRow; });
}

bool StateFiles::names_files(const Checkpoint& checkpoint) {
  return checkpoint.states.contains(kFiles);
}

Result<void> StateFiles::put(Scratch& scratch, Checkpoint& checkpoint) {
  has_last_ = false;
  Json files = Json::object();
  for (auto state = checkpoint.states.begin(); state != checkpoint.states.end();) {
    if (state->second.size() <= kMostInRow) {
      ++state;
      continue;
    }
    if (!has_last_) {
      for (last_ = 0; last_ < kMostInDoubt && may_be_named_.contains(last_);) ++last_;
      if (last_ == kMostInDoubt) {
        return Error{Code::Unavailable,
                     "checkpoint: it is not known which of the last ones were written"};
      }
      has_last_ = true;
    }
    const auto name = prefix_of(last_) + std::to_string(files.size());
    MR_CHECK(scratch.put(name, state->second));
    files[state->first] = {
        {"name", name}, {"bytes", state->second.size()}, {"sha256", to_hex(sha256(state->second))}};
    state = checkpoint.states.erase(state);
  }
  if (has_last_) {
    may_be_named_.insert(last_);
    checkpoint.states[kFiles] = files.dump();
  }
  return {};
}

void StateFiles::written(Scratch& scratch) {
  std::set<int> old = std::exchange(may_be_named_, {});
  if (has_last_) {
    old.erase(last_);
    may_be_named_.insert(last_);
  }
  for (const int set : old) {
    const auto prefix = prefix_of(set);
    std::vector<std::string> names;
    auto emptied = scratch.list([&](std::string_view name, const ObjectStat& stat) {
      if (name.starts_with(prefix) && stat.size_bytes > 0) names.emplace_back(name);
    });
    for (const auto& name : names) {
      if (emptied.ok()) emptied = scratch.put(name, {});
    }
    // They go with the job, or with the next states of that name.
    if (!emptied.ok())
      spdlog::warn("states of an earlier checkpoint not removed error={}", emptied.error().message);
  }
}

Result<void> StateFiles::read(Scratch& scratch, Checkpoint& checkpoint) {
  const auto found = checkpoint.states.extract(kFiles);
  if (found.empty()) return {};
  const auto unreadable = [](std::string_view what) {
    return Error{Code::DataInvalid, fmt::format("checkpoint: the file of a state {}", what)};
  };
  MR_TRY(const Json files, parse_json(found.mapped()));
  for (const auto& [node, file] : files.items()) {
    if (!file.is_object() || !file.contains("name") || !file["name"].is_string() ||
        !file.contains("bytes") || !file["bytes"].is_number_unsigned())
      return unreadable("has no name: " + node);
    const auto& name = file["name"].get_ref<const std::string&>();
    auto text = read_file(scratch, name, file["bytes"].get<std::uint64_t>());
    if (!text.ok()) return std::move(text).error().within("state of " + node);
    if (text->size() != file["bytes"].get<std::uint64_t>() ||
        to_hex(sha256(*text)) != file.value("sha256", std::string{}))
      return unreadable("is not what was written: " + node);
    checkpoint.states[node] = *std::move(text);
    if (name.starts_with(kPrefix) && name.size() > kPrefix.size())
      may_be_named_.insert(name[kPrefix.size()] - '0');
  }
  return {};
}

}  // namespace millrace
