#pragma once

#include <memory>
#include <string>

#include "api/http/form_upload.hpp"
#include "api/maisie/registry.hpp"
#include "engine/store/blobs.hpp"

namespace millrace::maisie {

/// The file of a model on its way into the store. Until keep() is called, going away leaves nothing
/// behind that no model refers to. [as FileWriter]
class ModelFile final : public http::FileWriter {
 public:
  static Result<std::unique_ptr<http::FileWriter>> open(SharedRegistry registry);
  ~ModelFile() override;

  Result<void> write(std::string_view bytes) override;
  Result<void> finish() override;

  /// Makes the content readable under its name; it stays for as long as this object, and for ever
  /// when a model refers to it then.
  Result<void> publish();
  /// Says that a model refers to the content.
  void keep() { is_kept_ = true; }
  [[nodiscard]] const BlobName& name() const { return name_; }

 private:
  ModelFile(SharedRegistry registry, std::unique_ptr<BlobWriter> writer)
      : registry_{std::move(registry)}, writer_{std::move(writer)} {}

  SharedRegistry registry_;
  std::unique_ptr<BlobWriter> writer_;
  BlobName name_;
  BlobPin pin_;
  bool is_published_ = false;
  bool is_kept_ = false;
};

/// "<random UUID>.h5": how a file is called in the store's stead, after the name that the client
/// gave it, of which only the last extension counts.
std::string stored_name(std::string_view client_name);
/// The media type of a stored name.
std::string_view media_type(std::string_view name);

}  // namespace millrace::maisie
