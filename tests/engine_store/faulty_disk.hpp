#pragma once

#include <cerrno>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/base/disk.hpp"

namespace millrace::test {

/// What a faulty disk is told to do, and what was done to it. Shared by the test and its disks.
struct DiskScript {
  std::uint64_t room = ~std::uint64_t{0};  // bytes that still fit
  std::string failing;       // the operation that fails with an I/O error: "rename", "list FOLDER"
  std::size_t failures = 0;  // how often it failed
  bool refuses_moves = false;     // renames from one folder to another fail
  std::vector<std::string> done;  // "create a", "sync file a", "rename a b", ...
  std::mutex mutex;               // guards all of it

  std::function<void()> during{};  // called within each operation; set before there are any

  Result<void> note(const std::string& operation, const std::string& names) {
    if (during) during();
    const std::lock_guard lock{mutex};
    if (operation == failing) {
      ++failures;
      return Error{Code::Io, "this disk is broken: " + operation};
    }
    done.push_back(operation + ' ' + names);
    return {};
  }

  /// For operations that only look: they are not told of.
  Result<void> look(const std::string& operation) {
    const std::lock_guard lock{mutex};
    if (operation != failing) return {};
    ++failures;
    return Error{Code::Io, "this disk is broken: " + operation};
  }

  Result<void> use(std::uint64_t bytes) {
    const std::lock_guard lock{mutex};
    if (bytes > room) return Error{Code::Exhausted, "the disk is full"};
    room -= bytes;
    return {};
  }
};

class FaultyFile final : public WritableFile {
 public:
  FaultyFile(std::unique_ptr<WritableFile> file, std::string name, DiskScript& script)
      : file_{std::move(file)}, name_{std::move(name)}, script_{script} {}

  Result<void> append(std::string_view bytes) override {
    MR_CHECK(script_.note("append", name_));
    MR_CHECK(script_.use(bytes.size()));
    return file_->append(bytes);
  }
  Result<void> truncate(std::uint64_t length) override { return file_->truncate(length); }
  Result<void> sync() override {
    MR_CHECK(script_.note("sync file", name_));
    return file_->sync();
  }
  void begin_sync() override {
    [[maybe_unused]] const auto noted = script_.note("begin sync", name_);
  }
  std::uint64_t size() const override { return file_->size(); }

 private:
  std::unique_ptr<WritableFile> file_;
  std::string name_;
  DiskScript& script_;
};

/// A real disk that fills up and breaks when it is told to.
class FaultyDisk final : public Disk {
 public:
  FaultyDisk(std::unique_ptr<Disk> disk, DiskScript& script)
      : disk_{std::move(disk)}, script_{script} {}

  Result<std::unique_ptr<ReadableFile>> open(std::string_view name) override {
    MR_CHECK(script_.look("open"));
    return disk_->open(name);
  }
  Result<std::unique_ptr<WritableFile>> create(std::string_view name, bool keep) override {
    MR_CHECK(script_.note("create", std::string{name}));
    MR_TRY(auto file, disk_->create(name, keep));
    return std::unique_ptr<WritableFile>{
        std::make_unique<FaultyFile>(std::move(file), std::string{name}, script_)};
  }
  Result<void> rename(std::string_view from, std::string_view to) override {
    MR_CHECK(script_.note("rename", std::string{from} + ' ' + std::string{to}));
    const auto folder_of = [](std::string_view name) { return name.substr(0, name.rfind('/')); };
    if (script_.refuses_moves && folder_of(from) != folder_of(to)) {
      return system_error("rename file", to, EXDEV);
    }
    return disk_->rename(from, to);
  }
  Result<void> link(std::string_view from, std::string_view to) override {
    MR_CHECK(script_.note("link", std::string{from} + ' ' + std::string{to}));
    return disk_->link(from, to);
  }
  Result<void> make_folder(std::string_view name) override {
    MR_CHECK(script_.note("make folder", std::string{name}));
    return disk_->make_folder(name);
  }
  Result<void> remove_folder(std::string_view name) override {
    MR_CHECK(script_.note("remove folder", std::string{name}));
    return disk_->remove_folder(name);
  }
  Result<std::unique_ptr<DiskLock>> try_lock(std::string_view name) override {
    return disk_->try_lock(name);
  }
  Result<void> remove(std::string_view name) override {
    MR_CHECK(script_.note("remove", std::string{name}));
    return disk_->remove(name);
  }
  Result<Entry> stat(std::string_view name) override {
    MR_CHECK(script_.look("stat"));
    return disk_->stat(name);
  }
  Result<std::string> identify(std::string_view name) override { return disk_->identify(name); }
  Result<std::vector<Entry>> list(std::string_view folder, std::vector<Other>* others) override {
    MR_CHECK(script_.look("list " + std::string{folder}));
    return disk_->list(folder, others);
  }
  Result<void> check_replace(std::string_view name) override {
    MR_CHECK(script_.look("check"));
    return disk_->check_replace(name);
  }
  Result<void> sync_file(std::string_view name) override {
    MR_CHECK(script_.note("sync file", std::string{name}));
    return disk_->sync_file(name);
  }
  Result<void> sync_folder(std::string_view folder) override {
    MR_CHECK(script_.note("sync folder", std::string{folder}));
    return disk_->sync_folder(folder);
  }
  std::string describe() const override { return "faulty " + disk_->describe(); }

 private:
  std::unique_ptr<Disk> disk_;
  DiskScript& script_;
};

}  // namespace millrace::test
