#include "engine/store/work_folder.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "engine/store/object_folder.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

constexpr std::string_view kUnfinished = ".new";
constexpr std::uint64_t kCopyBytes = 8u << 20;  // between two looks at whether to stop

std::string folder_of(JobId job) { return fmt::format("job-{}", job.value); }
std::string folder_of(JobId job, std::int64_t token) {
  return fmt::format("job-{}/t{}", job.value, token);
}

std::optional<std::int64_t> number_after(std::string_view prefix, std::string_view name) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (problem != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return number;
}

std::string_view leaf_of(std::string_view name) { return name.substr(name.rfind('/') + 1); }

bool is_missing(const Error& error) { return error.code == Code::NotFound; }

// The files of one attempt.
class FolderScratch final : public Scratch {
 public:
  FolderScratch(Disk& disk, std::string folder, std::uint64_t max_bytes)
      : disk_{disk}, folder_{std::move(folder)}, max_bytes_{max_bytes} {}

  Result<ObjectStat> stat(std::string_view name) override {
    MR_CHECK(check(name));
    MR_TRY(const auto entry, found(name, disk_.stat(path(name))));
    return ObjectStat{entry.size, entry.is_folder, entry.modified_us};
  }

  Result<void> list(const std::function<void(std::string_view, const ObjectStat&)>& each) override {
    const auto entries = disk_.list(folder_);
    if (!entries.ok() && is_missing(entries.error())) return {};
    if (!entries.ok()) return entries.error().within("scratch");
    for (const auto& entry : *entries) {
      const auto name = leaf_of(entry.name);
      if (!entry.is_folder && is_scratch_name(name))
        each(name, {entry.size, false, entry.modified_us});
    }
    return {};
  }

  Result<std::unique_ptr<ObjectReader>> open(std::string_view name) override {
    MR_CHECK(check(name));
    MR_TRY(auto file, found(name, disk_.open(path(name))));
    return detail::read_file(std::move(file));
  }

  Result<void> put(std::string_view name, std::string_view bytes) override {
    MR_CHECK(check(name));
    const std::lock_guard lock{mutex_};  // puts are few, and one at a time
    MR_CHECK(load());
    if (const auto known = files_.find(name); known != files_.end() && known->second.writer) {
      return Error{Code::Conflict, fmt::format("scratch: the file is being written: {}", name)};
    }
    const auto before = disk_.stat(path(name));
    const std::uint64_t old_bytes = before.ok() ? before->size : 0;
    if (!before.ok()) MR_CHECK(count_file());
    MR_CHECK(charge(bytes.size()));
    // No name of a file: it is seen by nobody.
    const auto unfinished = fmt::format("{}/.put", folder_);
    auto done = [&]() -> Result<void> {
      MR_TRY(auto file, disk_.create(unfinished));
      MR_CHECK(file->append(bytes));
      return file->sync();
    }();
    if (done.ok()) done = disk_.rename(unfinished, path(name));
    if (!done.ok()) {
      used_bytes_ -= bytes.size();
      return std::move(done).error().within("scratch");
    }
    used_bytes_ -= old_bytes;
    has_new_names_ = true;
    files_.try_emplace(std::string{name});
    return {};
  }

  Result<ObjectWriter*> stage(std::string_view name) override {
    MR_CHECK(check(name));
    const std::lock_guard lock{mutex_};  // once for a file
    MR_CHECK(load());
    auto known = files_.find(name);
    if (known == files_.end()) {
      MR_CHECK(count_file());
      known = files_.try_emplace(std::string{name}).first;
    }
    if (!known->second.writer) {
      constexpr bool kKeep = true;
      auto file = disk_.create(path(name), kKeep);
      if (!file.ok()) return std::move(file).error().within("scratch");
      known->second.writer = std::make_unique<Writer>(*this, *std::move(file));
      has_new_names_ = true;
    }
    return static_cast<ObjectWriter*>(known->second.writer.get());
  }

  Result<void> sync() override {
    std::vector<Writer*> changed;
    bool has_new_names = false;
    {
      const std::lock_guard lock{mutex_};
      for (auto& [name, file] : files_) {
        if (file.writer && file.writer->take_changed()) changed.push_back(file.writer.get());
      }
      has_new_names = std::exchange(has_new_names_, false);
    }
    for (std::size_t i = 0; i < changed.size(); ++i) {
      if (auto done = changed[i]->sync(); !done.ok()) {
        for (; i < changed.size(); ++i) changed[i]->set_changed();
        return std::move(done).error().within("scratch");
      }
    }
    if (!has_new_names) return {};
    auto done = disk_.sync_folder(folder_);
    if (!done.ok()) {
      const std::lock_guard lock{mutex_};
      has_new_names_ = true;
      return std::move(done).error().within("scratch");
    }
    return {};
  }

 private:
  class Writer final : public ObjectWriter {
   public:
    Writer(FolderScratch& all, std::unique_ptr<WritableFile> file)
        : all_{all}, file_{std::move(file)} {}

    Result<void> write(std::string_view bytes) override {
      MR_CHECK(all_.charge(bytes.size()));
      set_changed();
      auto done = file_->append(bytes);
      if (done.ok()) return {};
      all_.used_bytes_ -= bytes.size();
      return std::move(done).error().within("scratch");
    }
    Result<void> truncate(std::uint64_t size) override {
      const auto there = file_->size();
      if (size > there) {
        return Error{Code::DataInvalid,
                     fmt::format("scratch: {} bytes are wanted and {} are there", size, there)};
      }
      if (size == there) return {};
      set_changed();
      MR_CHECK(file_->truncate(size));
      all_.used_bytes_ -= there - size;
      return {};
    }
    [[nodiscard]] std::uint64_t size() const override { return file_->size(); }

    void set_changed() { is_changed_.store(true, std::memory_order_relaxed); }
    bool take_changed() { return is_changed_.exchange(false); }
    Result<void> sync() { return file_->sync(); }

   private:
    FolderScratch& all_;
    std::unique_ptr<WritableFile> file_;
    std::atomic<bool> is_changed_{true};
  };
  struct File {
    std::unique_ptr<Writer> writer;  // null: only known by name
  };

  static Result<void> check(std::string_view name) {
    if (is_scratch_name(name)) return {};
    return Error{Code::InvalidArgument, "scratch: not the name of a file", "uri_key"};
  }

  [[nodiscard]] std::string path(std::string_view name) const {
    return fmt::format("{}/{}", folder_, name);
  }

  template <class T>
  static Result<T> found(std::string_view name, Result<T> result) {
    if (result.ok()) return result;
    if (!is_missing(result.error())) return std::move(result).error().within("scratch");
    return Error{Code::NotFound, fmt::format("scratch: no such file: {}", name), "no_object"};
  }

  // Finds what the attempt before left to this one. Under the mutex, once.
  Result<void> load() {
    if (is_loaded_) return {};
    std::uint64_t bytes = 0;
    MR_CHECK(list([&](std::string_view name, const ObjectStat& stat) {
      files_.try_emplace(std::string{name});
      bytes += stat.size_bytes;
    }));
    used_bytes_ += bytes;
    is_loaded_ = true;
    return {};
  }

  // Under the mutex.
  Result<void> count_file() {
    if (files_.size() < kMaxFiles) return {};
    return Error{Code::Exhausted,
                 fmt::format("scratch: a job may have {} files, not more", kMaxFiles)};
  }

  Result<void> charge(std::uint64_t more) {
    if (used_bytes_.fetch_add(more) + more <= max_bytes_) return {};
    used_bytes_ -= more;
    return Error{Code::Exhausted,
                 fmt::format("scratch: a job may keep {} bytes there; raise --max-scratch: {} more "
                             "are wanted",
                             max_bytes_, more)};
  }

  Disk& disk_;
  const std::string folder_;
  const std::uint64_t max_bytes_;
  std::atomic<std::uint64_t> used_bytes_{0};
  std::mutex mutex_;  // guards all below
  bool is_loaded_ = false;
  bool has_new_names_ = false;
  std::map<std::string, File, std::less<>> files_;
};

}  // namespace

std::unique_ptr<Scratch> WorkFolder::scratch(JobId job, std::int64_t token) {
  return std::make_unique<FolderScratch>(*disk_, folder_of(job, token), max_bytes_);
}

Result<std::vector<WorkFolder::Attempt>> WorkFolder::attempts(JobId job) {
  std::vector<Attempt> found;
  const auto entries = disk_->list(folder_of(job));
  if (!entries.ok() && is_missing(entries.error())) return found;
  if (!entries.ok()) return entries.error().within("scratch");
  for (const auto& entry : *entries) {
    auto name = leaf_of(entry.name);
    const bool is_whole = !name.ends_with(kUnfinished);
    if (!is_whole) name.remove_suffix(kUnfinished.size());
    const auto token = number_after("t", name);
    if (entry.is_folder && token) found.push_back({*token, entry.name, is_whole});
  }
  std::sort(found.begin(), found.end(), [](const Attempt& a, const Attempt& b) {
    return std::tie(a.token, a.is_whole) < std::tie(b.token, b.is_whole);
  });
  return found;
}

Result<void> WorkFolder::take_over(JobId job, std::int64_t token, Inheritance::Writer writer,
                                   const std::function<bool()>& stopping) {
  // An attempt between that one and this may be taking over at this moment, and removes what is
  // being read here: then its own folder is the one to read.
  constexpr int kTries = 4;
  const auto own = folder_of(job, token), unfinished = own + std::string{kUnfinished};
  for (int tries = 1;; ++tries) {
    MR_TRY(const auto found, attempts(job));
    const Attempt* last = nullptr;
    for (const Attempt& attempt : found) {
      if (attempt.token < token && attempt.is_whole) last = &attempt;
    }
    if (last != nullptr) {
      auto brought = bring(last->folder, unfinished, writer, stopping);
      if (!brought.ok() && is_missing(brought.error()) && tries < kTries) continue;
      if (brought.ok()) brought = disk_->rename(unfinished, own);
      if (brought.ok()) brought = disk_->sync_folder(folder_of(job));
      if (!brought.ok()) return std::move(brought).error().within("take over scratch");
    }
    for (const Attempt& attempt : found) {
      if (attempt.token < token) MR_CHECK(remove_tree(attempt.folder));
    }
    return {};
  }
}

Result<void> WorkFolder::bring(const std::string& from, const std::string& to,
                               Inheritance::Writer writer, const std::function<bool()>& stopping) {
  MR_CHECK(remove_tree(to));  // of an earlier try
  MR_CHECK(disk_->make_folder(to));
  MR_TRY(const auto entries, disk_->list(from));
  for (const auto& entry : entries) {
    const auto name = leaf_of(entry.name);
    if (entry.is_folder || !is_scratch_name(name)) continue;
    const auto target = fmt::format("{}/{}", to, name);
    if (writer == Inheritance::Writer::Dead) {
      MR_CHECK(disk_->link(entry.name, target));
    } else {
      MR_CHECK(copy(entry.name, target, stopping));
    }
  }
  return disk_->sync_folder(to);
}

Result<void> WorkFolder::copy(const std::string& from, const std::string& to,
                              const std::function<bool()>& stopping) {
  MR_TRY(const auto source, disk_->open(from));
  MR_TRY(const auto target, disk_->create(to));
  // What its writer adds meanwhile is behind what any checkpoint names.
  const std::uint64_t size = source->size();
  for (std::uint64_t done = 0; done < size;) {
    if (stopping && stopping()) return Error{Code::Cancelled, "stopped while copying scratch"};
    MR_TRY(const auto step, target->append_from(*source, done, std::min(kCopyBytes, size - done)));
    if (step == 0) break;  // cut meanwhile: what a checkpoint names is not
    done += step;
  }
  return target->sync();
}

Result<void> WorkFolder::remove_tree(const std::string& folder) {
  const auto entries = disk_->list(folder);
  if (!entries.ok() && is_missing(entries.error())) return {};
  MR_CHECK(entries);
  for (const auto& entry : *entries) {
    auto removed = entry.is_folder ? remove_tree(entry.name) : disk_->remove(entry.name);
    if (!removed.ok() && !is_missing(removed.error())) return removed;
  }
  auto removed = disk_->remove_folder(folder);
  if (!removed.ok() && is_missing(removed.error())) return {};
  return removed;
}

Result<void> WorkFolder::remove(JobId job, std::int64_t token) {
  MR_TRY(const auto found, attempts(job));
  bool is_last = true;
  for (const Attempt& attempt : found) {
    if (attempt.token > token) {
      is_last = false;
    } else if (auto removed = remove_tree(attempt.folder); !removed.ok()) {
      return std::move(removed).error().within("remove scratch");
    }
  }
  if (found.empty() || !is_last) return {};
  // Not empty: an attempt of a job that was asked for again has begun meanwhile.
  auto removed = disk_->remove_folder(folder_of(job));
  if (!removed.ok() && !is_missing(removed.error()) && removed.error().code != Code::Conflict) {
    return std::move(removed).error().within("remove scratch");
  }
  return {};
}

Result<std::vector<JobId>> WorkFolder::jobs() {
  std::vector<JobId> found;
  MR_TRY(const auto entries, disk_->list(""));
  for (const auto& entry : entries) {
    const auto number = number_after("job-", entry.name);
    if (entry.is_folder && number) found.push_back(JobId{*number});
  }
  return found;
}

}  // namespace millrace
