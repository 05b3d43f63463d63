#include "engine/job/staged_outputs.hpp"

#include <algorithm>

#include "engine/base/utf8.hpp"

namespace millrace {

namespace {

// Asks before each change whether the attempt may still have effects.
class FencedWriter final : public ObjectWriter {
 public:
  FencedWriter(std::unique_ptr<ObjectWriter> writer, LeaseGuard& guard)
      : writer_{std::move(writer)}, guard_{guard} {}

  Result<void> write(std::string_view bytes) override {
    MR_CHECK(guard_.check());
    return writer_->write(bytes);
  }
  Result<void> truncate(std::uint64_t size) override {
    MR_CHECK(guard_.check());
    return writer_->truncate(size);
  }
  std::uint64_t size() const override { return writer_->size(); }

 private:
  const std::unique_ptr<ObjectWriter> writer_;
  LeaseGuard& guard_;
};

}  // namespace

Result<ObjectWriter*> StagedOutputs::stage(Uri uri) {
  const std::lock_guard lock{mutex_};
  const bool taken = std::any_of(outputs_.begin(), outputs_.end(), [&uri](const Output& output) {
    return output.uri.text == uri.text;
  });
  if (taken)
    return Error{Code::Conflict, "output: two nodes write to one address: " + printable(uri.text)};
  if (guard_ != nullptr) MR_CHECK(guard_->check());
  MR_TRY(auto writer, store_.stage(uri, owner_));
  if (guard_ != nullptr) writer = std::make_unique<FencedWriter>(std::move(writer), *guard_);
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
    if (!only.empty() && output.uri.text != only) continue;
    if (guard_ != nullptr) MR_CHECK(guard_->check());
    MR_CHECK(store_.publish(output.uri, owner_));
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
