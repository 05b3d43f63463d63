#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "api/http/body_budget.hpp"
#include "api/http/body_sink.hpp"
#include "engine/base/file_descriptor.hpp"

namespace millrace::http {

struct Request;

/// A body that is too large to wait in memory: a file without a name, which nobody else sees and
/// which is gone with the object, however that ends. [as BodySink]
class BodyFile final : public BodySink {
 public:
  /// The file is made in `folder` with the first bytes.
  explicit BodyFile(std::filesystem::path folder) : folder_{std::move(folder)} {}

  Result<void> write(std::string_view bytes) override;
  Result<void> finish() override { return {}; }

  [[nodiscard]] std::size_t size() const { return size_; }
  /// Holds its share of the disk from now on.
  void hold(BodyShare share) { share_ = std::move(share); }
  Result<std::string> read() const;

 private:
  const std::filesystem::path folder_;
  detail::FileDescriptor file_;
  std::size_t size_ = 0;
  BodyShare share_;
};

/// Brings a body that lies in a file into Request::body; nothing happens to any other. Unavailable
/// while the bodies of others take all the memory there is for them. [may block]
Result<void> load_body(Request& request);

}  // namespace millrace::http
