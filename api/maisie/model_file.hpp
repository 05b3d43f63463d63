#pragma once

#include <memory>
#include <string>

#include "api/http/form_upload.hpp"
#include "api/maisie/registry.hpp"
#include "engine/store/blobs.hpp"
#include "engine/store/uploads.hpp"

namespace millrace::maisie {

/// The bytes of a new model, all of which have come. Going away without keep() leaves nothing
/// behind that no model refers to. [one thread at a time; blocks]
class ModelContent {
 public:
  virtual ~ModelContent() = default;
  [[nodiscard]] virtual const BlobName& name() const = 0;
  /// What the client calls the file.
  [[nodiscard]] virtual std::string client_name() const = 0;
  /// Makes the content readable under its name; it stays for as long as this object, and for ever
  /// when a model refers to it then.
  virtual Result<void> publish() = 0;
  /// Says that a model refers to the content.
  virtual void keep() = 0;
  /// Says that nobody wants the bytes.
  virtual void drop() = 0;
};

/// The part `file` of a form, on its way into the store. [as FileWriter]
class ModelFile final : public http::FileWriter, public ModelContent {
 public:
  static Result<std::unique_ptr<http::FileWriter>> open(SharedRegistry registry,
                                                        const http::PartHead& head);
  /// The file of a form whose files were opened by open(), and by nothing else.
  static ModelFile& of(http::FormFile& file) { return static_cast<ModelFile&>(*file.writer); }
  ~ModelFile() override;

  Result<void> write(std::string_view bytes) override;
  Result<void> finish() override;

  [[nodiscard]] const BlobName& name() const override { return name_; }
  [[nodiscard]] std::string client_name() const override { return client_name_; }
  Result<void> publish() override;
  // The model holds it from now on: whoever is told of it may remove both at once.
  void keep() override {
    is_kept_ = true;
    pin_.release();
  }
  void drop() override {}  // it is gone with the form

 private:
  ModelFile(SharedRegistry registry, std::string client_name, std::unique_ptr<BlobWriter> writer)
      : registry_{std::move(registry)},
        client_name_{std::move(client_name)},
        writer_{std::move(writer)} {}

  SharedRegistry registry_;
  const std::string client_name_;
  std::unique_ptr<BlobWriter> writer_;
  BlobName name_;
  BlobPin pin_;
  bool is_published_ = false;
  bool is_kept_ = false;
};

/// A finished upload, which stays what it is until a model refers to its content.
class UploadedFile final : public ModelContent {
 public:
  /// NotFound for an upload that is not there or another user's, Conflict for one that is not
  /// finished or in use. Reads the whole file where its hash is not known.
  static Result<std::shared_ptr<ModelContent>> take(Uploads& uploads, std::string_view id,
                                                    std::string_view owner);

  explicit UploadedFile(std::unique_ptr<UploadClaim> claim) : claim_{std::move(claim)} {}

  [[nodiscard]] const BlobName& name() const override { return claim_->name(); }
  [[nodiscard]] std::string client_name() const override;
  Result<void> publish() override { return claim_->publish(); }
  void keep() override { drop(); }
  void drop() override;

 private:
  std::unique_ptr<UploadClaim> claim_;
};

/// "<random UUID>.h5": how a file is called in the store's stead, after the name that the client
/// gave it, of which only the last extension counts.
std::string stored_name(std::string_view client_name);
/// The media type of a stored name.
std::string_view media_type(std::string_view name);

}  // namespace millrace::maisie
