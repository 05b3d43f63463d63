#include "engine/job/staged_outputs.hpp"

#include <algorithm>

#include "engine/base/utf8.hpp"

namespace millrace {

Result<ObjectWriter*> StagedOutputs::stage(Uri uri) {
  const std::lock_guard lock{mutex_};
  const bool taken = std::any_of(outputs_.begin(), outputs_.end(), [&uri](const Output& output) {
    return output.uri.text == uri.text;
  });
  if (taken)
    return Error{Code::Conflict, "output: two nodes write to one address: " + printable(uri.text)};
  MR_TRY(auto writer, store_.stage(uri, owner_));
  outputs_.push_back({std::move(uri), std::move(writer)});
  return outputs_.back().writer.get();
}

bool StagedOutputs::empty() const {
  const std::lock_guard lock{mutex_};
  return outputs_.empty();
}

std::vector<std::string> StagedOutputs::uris() const {
  const std::lock_guard lock{mutex_};
  std::vector<std::string> uris;
  for (const Output& output : outputs_) uris.push_back(output.uri.text);
  return uris;
}

void StagedOutputs::close() {
  const std::lock_guard lock{mutex_};
  for (Output& output : outputs_) output.writer.reset();
}

Result<void> StagedOutputs::publish(std::string_view only) {
  const std::lock_guard lock{mutex_};
  for (const Output& output : outputs_) {
    if (only.empty() || output.uri.text == only) MR_CHECK(store_.publish(output.uri, owner_));
  }
  return {};
}

Result<void> StagedOutputs::discard(std::string_view except) {
  const std::lock_guard lock{mutex_};
  Result<void> first;
  for (const Output& output : outputs_) {
    if (output.uri.text == except) continue;
    auto done = store_.discard(output.uri, owner_);
    if (!done.ok() && first.ok()) first = std::move(done);
  }
  return first;
}

}  // namespace millrace
