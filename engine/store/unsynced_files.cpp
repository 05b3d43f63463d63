#include "engine/store/unsynced_files.hpp"

namespace millrace {

Result<void> UnsyncedFiles::fault() const {
  if (fault_) return *fault_;
  return {};
}

Result<void> UnsyncedFiles::add(Disk& disk, std::string folder,
                                std::unique_ptr<WritableFile> file) {
  std::unique_lock lock{mutex_};
  MR_CHECK(fault());
  waiting_.bytes += file->size();
  waiting_.files.push_back(std::move(file));
  waiting_.folders.emplace(&disk, std::move(folder));
  if (waiting_.files.size() < kMaxFiles && waiting_.bytes < kMaxBytes) return {};
  return sync_waiting(std::move(lock));
}

Result<void> UnsyncedFiles::sync() {
  std::unique_lock lock{mutex_};
  const auto before = count_;  // syncs that others began hold files that were added before
  MR_CHECK(sync_waiting(std::move(lock)));
  lock = std::unique_lock{mutex_};
  ended_.wait(lock, [&] { return under_way_.empty() || *under_way_.begin() >= before; });
  return fault();
}

Result<void> UnsyncedFiles::sync_waiting(std::unique_lock<std::mutex> lock) {
  if (waiting_.files.empty()) return fault();
  const auto number = count_++;
  under_way_.insert(number);
  auto batch = std::exchange(waiting_, {});
  lock.unlock();
  auto done = sync(std::move(batch));
  lock.lock();
  under_way_.erase(number);
  if (!done.ok() && !fault_) fault_ = std::move(done).error();
  ended_.notify_all();
  return fault();
}

// Goes on behind a failure: the files that follow are to be durable all the same.
Result<void> UnsyncedFiles::sync(Batch batch) {
  Result<void> first;
  const auto note = [&first](Result<void> done) {
    if (!done.ok() && first.ok()) first = std::move(done);
  };
  for (auto& file : batch.files) {
    note(file->sync());
    file.reset();
  }
  for (const auto& [disk, folder] : batch.folders) note(disk->sync_folder(folder));
  return first;
}

}  // namespace millrace
