#include "engine/job/staged_outputs.hpp"

#include <algorithm>

#include "engine/base/utf8.hpp"

namespace millrace {
namespace {

// Asks before each change whether the attempt may still have effects.
class FencedWriter final : public StagedWriter {
 public:
  FencedWriter(std::unique_ptr<StagedWriter> writer, LeaseGuard& guard)
      : writer_{std::move(writer)}, guard_{guard} {}

  Result<void> write(std::string_view bytes) override {
    MR_CHECK(guard_.check());
    return writer_->write(bytes);
  }
  Result<void> truncate(std::uint64_t size) override {
    MR_CHECK(guard_.check());
    return writer_->truncate(size);
  }
  Result<void> sync() override { return writer_->sync(); }
  std::uint64_t size() const override { return writer_->size(); }

 private:
  const std::unique_ptr<StagedWriter> writer_;
  LeaseGuard& guard_;
};

Error taken(std::string_view what, const Uri& uri) {
  return {Code::Conflict, "output: " + std::string{what} + ": " + printable(uri.text)};
}

}  // namespace

Result<ObjectWriter*> StagedOutputs::stage(Uri uri) {
  MR_TRY(const auto object, store_.identify(uri));
  MR_CHECK(reserve(uri, object));
  auto opened = open_stage(uri);
  if (!opened.ok()) {
    const std::lock_guard lock{mutex_};
    targets_.erase(object);
    return std::move(opened).error();
  }
  // The stage may have made folders, and an object that is not there is known by its folder.
  MR_TRY(const auto placed, store_.identify(uri));
  if (placed != object) MR_CHECK(reserve(uri, placed));
  const std::lock_guard lock{mutex_};
  outputs_.push_back({std::move(uri), *std::move(opened)});
  return outputs_.back().writer.get();
}

Result<void> StagedOutputs::reserve(const Uri& uri, const std::string& object) {
  const std::lock_guard lock{mutex_};
  MR_CHECK(check_free(uri, object));
  targets_.insert(object);
  return {};
}

Result<void> StagedOutputs::check_free(const Uri& uri, const std::string& object) const {
  if (reads_.contains(object)) return taken("the run reads the file that it would replace", uri);
  if (targets_.contains(object)) return taken("two nodes write to one address", uri);
  return {};
}

Result<std::shared_ptr<StagedWriter>> StagedOutputs::open_stage(const Uri& uri) {
  MR_CHECK(check_lease());
  MR_TRY(auto writer, store_.stage(uri, owner_));
  if (guard_ != nullptr) writer = std::make_unique<FencedWriter>(std::move(writer), *guard_);
  return std::shared_ptr<StagedWriter>{std::move(writer)};
}

Result<void> StagedOutputs::check_lease() const {
  return guard_ == nullptr ? Result<void>{} : guard_->check();
}

Result<void> StagedOutputs::note_read(const Uri& uri) {
  // Nothing else can be written to.
  if (uri.scheme != Uri::Scheme::File && uri.scheme != Uri::Scheme::Qiniu) return {};
  MR_TRY(auto object, store_.identify(uri));
  const std::lock_guard lock{mutex_};
  if (targets_.contains(object)) return taken("the run reads one of its outputs", uri);
  if (reads_.size() < kMaxReads) reads_.insert(std::move(object));
  return {};
}

Result<void> StagedOutputs::check_put(const Uri& uri) const {
  {
    const std::lock_guard lock{mutex_};
    if (targets_.empty() && reads_.empty()) return {};
  }
  MR_TRY(const auto object, store_.identify(uri));
  const std::lock_guard lock{mutex_};
  return check_free(uri, object);
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

// What is to be worked on without the lock.
std::vector<StagedOutputs::Output> StagedOutputs::chosen(std::string_view only) const {
  const std::lock_guard lock{mutex_};
  std::vector<Output> chosen;
  std::copy_if(outputs_.begin(), outputs_.end(), std::back_inserter(chosen),
               [only](const Output& output) { return only.empty() || output.uri.text == only; });
  return chosen;
}

Result<void> StagedOutputs::sync() {
  Result<void> first;
  for (const Output& output : chosen({})) {
    if (!output.writer) continue;
    auto done = output.writer->sync();
    if (!done.ok() && first.ok()) first = std::move(done);
  }
  const std::lock_guard lock{mutex_};
  if (!first.ok() && !fault_) fault_ = std::move(first).error();
  if (fault_) return *fault_;
  return {};
}

void StagedOutputs::close() {
  const std::lock_guard lock{mutex_};
  for (Output& output : outputs_) output.writer.reset();
}

Result<void> StagedOutputs::check_publish() const {
  for (const Output& output : chosen({})) {
    if (output.is_published) continue;
    MR_CHECK(store_.check_publish(output.uri, owner_,
                                  output.is_tried ? Publishing::Again : Publishing::First));
  }
  return {};
}

Result<void> StagedOutputs::publish(std::string_view only) {
  if (only.empty() && !may_be_visible()) MR_CHECK(check_publish());
  Result<void> first;
  for (const Output& output : chosen(only)) {
    if (output.is_published) continue;
    auto done = publish_one(output);
    if (!done.ok() && first.ok()) first = std::move(done);
  }
  return first;
}

Result<void> StagedOutputs::publish_one(const Output& output) {
  const auto publishing = output.is_tried ? Publishing::Again : Publishing::First;
  const auto note = [&](bool is_published) {
    const std::lock_guard lock{mutex_};
    const auto found = std::find_if(outputs_.begin(), outputs_.end(), [&](const Output& candidate) {
      return candidate.uri.text == output.uri.text;
    });
    found->is_tried = true;
    found->is_published = is_published;
  };
  // A fault that is met before the rename leaves this output as it was.
  MR_CHECK(store_.check_publish(output.uri, owner_, publishing));
  MR_CHECK(check_lease());
  note(false);
  auto done = store_.publish(output.uri, owner_, publishing);
  note(done.ok());
  return done;
}

bool StagedOutputs::may_be_visible() const {
  const std::lock_guard lock{mutex_};
  return std::any_of(outputs_.begin(), outputs_.end(),
                     [](const Output& output) { return output.is_tried; });
}

Result<void> StagedOutputs::discard(std::string_view except) {
  Result<void> first;
  for (const Output& output : chosen({})) {
    if (output.uri.text == except) continue;
    auto done = store_.discard(output.uri, owner_);
    if (!done.ok() && first.ok()) first = std::move(done);
  }
  return first;
}

}  // namespace millrace
