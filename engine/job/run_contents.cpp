#include "engine/job/run_contents.hpp"

#include <utility>

#include "engine/store/store.hpp"

#include <fmt/format.h>

namespace millrace {

class RunContents::Writer final : public ObjectWriter {
 public:
  Writer(RunContents& run, std::unique_ptr<BlobWriter> content)
      : run_{run}, content_{std::move(content)} {}

  Result<void> write(std::string_view bytes) override {
    if (!content_) return over("write");
    MR_CHECK(run_.check_lease());
    MR_CHECK(run_.charge(bytes.size()));
    MR_CHECK(content_->write(bytes));
    size_ += bytes.size();
    return {};
  }
  Result<void> truncate(std::uint64_t size) override {
    if (size == size_) return {};
    return Error{Code::InvalidArgument,
                 fmt::format("truncate: a content is written once, from front to back, and has {} "
                             "bytes; stage \"blob:\" again to begin anew",
                             size_)};
  }
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  Result<std::string> seal() override {
    if (!content_) return over("seal");
    // A seal that failed has done away with the bytes: the content is to be written again.
    const auto content = std::exchange(content_, nullptr);
    return run_.seal(*content);
  }

 private:
  static Error over(std::string_view what) {
    return {Code::InvalidArgument,
            std::string{what} +
                ": the content is closed, it has been sealed, or that failed; stage "
                "\"blob:\" for another"};
  }

  RunContents& run_;
  std::unique_ptr<BlobWriter> content_;  // null: sealed, or that was tried
  std::uint64_t size_ = 0;
};

RunContents::RunContents(Store& store, LeaseGuard* guard, Note note)
    : store_{store}, guard_{guard}, note_{std::move(note)} {}

RunContents::~RunContents() = default;

Result<ObjectWriter*> RunContents::stage() {
  MR_CHECK(check_lease());
  if (store_.blobs() == nullptr)
    return Error{Code::InvalidArgument, "store: no folder is configured for contents",
                 "uri_scheme"};
  MR_CHECK(reserve());
  auto content = store_.blobs()->stage();
  const std::lock_guard lock{mutex_};
  if (!content.ok()) {
    --made_;
    --open_;
    return std::move(content).error();
  }
  writers_.push_back(std::make_unique<Writer>(*this, *std::move(content)));
  return writers_.back().get();
}

Result<void> RunContents::reserve() {
  const std::lock_guard lock{mutex_};
  if (made_ >= kMost) {
    return Error{Code::Exhausted,
                 fmt::format("content: a run may make {}; put what is many into one", kMost)};
  }
  if (open_ >= kMostOpen) {
    return Error{Code::Exhausted,
                 fmt::format("content: a run may write {} at once; seal one first", kMostOpen)};
  }
  ++made_;
  ++open_;
  return {};
}

Result<void> RunContents::check_lease() const {
  return guard_ == nullptr ? Result<void>{} : guard_->check();
}

Result<void> RunContents::charge(std::uint64_t bytes) {
  const std::uint64_t most = store_.settings().max_content_bytes;
  const std::lock_guard lock{mutex_};
  if (bytes > most - bytes_) {
    return Error{Code::Exhausted,
                 fmt::format("content: a job may write {} bytes of contents; raise --max-contents: "
                             "{} more than {}",
                             most, bytes, bytes_)};
  }
  bytes_ += bytes;
  return {};
}

Result<std::string> RunContents::seal(BlobWriter& content) {
  {
    const std::lock_guard lock{mutex_};
    --open_;
  }
  MR_CHECK(check_lease());
  MR_TRY(const BlobName name, content.finish());
  // Noted before it has its place: whoever dies in between leaves a note of nothing, not a content
  // that nobody knows of.
  MR_TRY(const bool is_noted, note_(name.sha256));
  MR_CHECK(check_lease());
  MR_TRY(BlobPin pin, content.publish());
  const std::lock_guard lock{mutex_};
  sealed_.insert(name.sha256);
  if (!is_noted) held_.push_back(std::move(pin));
  return name.sha256;
}

bool RunContents::has(std::string_view sha256) const {
  const std::lock_guard lock{mutex_};
  return sealed_.contains(std::string{sha256});
}

std::vector<std::string> RunContents::close() {
  const std::lock_guard lock{mutex_};
  writers_.clear();
  held_.clear();
  open_ = 0;
  std::vector<std::string> names{sealed_.begin(), sealed_.end()};
  sealed_.clear();
  return names;
}

}  // namespace millrace
