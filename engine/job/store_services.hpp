#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/secret_texts.hpp"
#include "engine/catalog/catalog.hpp"
#include "engine/job/run_contents.hpp"
#include "engine/job/staged_outputs.hpp"
#include "engine/plugin/services.hpp"
#include "engine/store/scratch.hpp"
#include "engine/store/store.hpp"
#include "engine/store/unsynced_files.hpp"

namespace millrace {

class Connections;
class JobService;

/// What the services of queued and inline runs have in common: the store under the rights of who
/// asks, and the catalog.
class StoreServices : public Services {
 public:
  struct Surroundings {
    Store& store;
    Catalog& catalog;
    JobService& jobs;
    const Connections* connections = nullptr;  // null: the engine names none
    std::chrono::milliseconds lease{0};        // of an attempt at a queued job
  };

  std::string_view installation() const final { return around_.catalog.installation(); }
  Result<void> check_uri(std::string_view uri, bool for_writing) final;
  Result<ObjectStat> stat(std::string_view uri) final;
  Result<std::string> identify(std::string_view uri) final;
  Result<void> list(std::string_view uri, const EachListed& each) final;
  Result<std::unique_ptr<ObjectReader>> open(std::string_view uri) final;
  Result<void> put(std::string_view uri, std::string_view bytes) final;
  Result<ObjectWriter*> stage(std::string_view uri) final;
  Result<ConnectionSettings> connection(std::string_view name, bool for_writing) final;
  Result<Batch> catalog_query(const Json& query) final;
  Result<Batch> catalog_change(const Json& change) final;

  /// The databases that its pipeline itself tells of, before any operator asks.
  void set_connections(NamedConnections own) { own_connections_ = std::move(own); }
  /// Returns a text without the secrets that the run was told.
  [[nodiscard]] std::string hide(std::string_view text) const { return secrets_.hide(text); }
  /// Adds the values of the job's secret parameters to them.
  void add_secrets(const Json& values) { secrets_.add_all(values); }
  /// Returns when all that the run has put and staged so far is on stable storage. Fails for good
  /// once the device has lost something of it.
  Result<void> sync();
  StagedOutputs& outputs() { return outputs_; }
  /// What it makes of contents, which are durable when they are sealed.
  RunContents& contents() { return contents_; }
  /// Whether the run has used its scratch.
  [[nodiscard]] bool has_scratch() const {
    return scratch_in_use_.load(std::memory_order_acquire) != nullptr;
  }
  /// Returns when all of the scratch is on stable storage.
  Result<void> sync_scratch();
  /// Says whether bytes went to the store that have to be synced.
  [[nodiscard]] bool has_written() const {
    return has_put_.load(std::memory_order_relaxed) || !outputs_.empty();
  }

 protected:
  /// `stage_owner` names the run. With a guard, nothing that the run does has an effect once its
  /// lease is over.
  StoreServices(Surroundings around, StoreRights rights, Asker asker, std::string stage_owner,
                LeaseGuard* guard = nullptr);

  /// Opens a staged output: what stage() does with an address that is no scratch.
  virtual Result<ObjectWriter*> stage_output(std::string_view uri);
  /// Notes a content of the run (RunContents::Note), and says whether an earlier attempt has.
  virtual Result<bool> note_content(std::string_view /*sha256*/) { return false; }
  virtual Result<bool> has_noted_content(std::string_view /*sha256*/) { return false; }
  /// Returns the content that an address of a model leads the run to. What the run was led to
  /// before, in an earlier attempt too, stays.
  virtual Result<std::string> model_content(std::string_view address);
  /// Makes the scratch of this run, once, when an operator first asks for it.
  virtual Result<std::unique_ptr<Scratch>> make_scratch() = 0;
  Result<Scratch*> scratch();

  [[nodiscard]] Store& store() { return around_.store; }
  [[nodiscard]] Catalog& catalog() { return around_.catalog; }
  /// Who asks for a change of the catalog now; Cancelled when the run has lost its lease.
  Result<Asker> asker();
  [[nodiscard]] const StoreRights& rights() const { return rights_; }
  [[nodiscard]] std::chrono::milliseconds lease_time() const { return around_.lease; }

 private:
  /// By what the rows are made that the run writes.
  virtual const Origin& origin();
  /// Checks an address that is read: what the run has made is open to it, whatever its rights.
  Result<Uri> check_read(std::string_view uri);
  /// The same of a model of the registry: whoever sees the model may read its file.
  Result<Uri> check_model(std::string_view uri);
  [[nodiscard]] Result<void> check_model_rights(std::string_view uri) const;
  Result<ConnectionSettings> find_connection(std::string_view name, bool for_writing);
  /// Removes contents that nothing names any more, since rows of `entity` are gone.
  void free_contents(std::string_view entity, const Batch& rows);

  const Surroundings around_;
  const StoreRights rights_;
  const Asker asker_;
  LeaseGuard* const guard_;
  NamedConnections own_connections_;
  SecretTexts secrets_;
  std::atomic<bool> has_put_{false};
  UnsyncedFiles puts_;
  StagedOutputs outputs_;
  RunContents contents_;
  std::mutex finding_models_;                               // guards models_
  std::map<std::string, std::string, std::less<>> models_;  // contents by address
  std::mutex making_scratch_;                               // guards scratch_
  std::unique_ptr<Scratch> scratch_;
  std::atomic<Scratch*> scratch_in_use_{nullptr};
};

}  // namespace millrace
