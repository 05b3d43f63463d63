#include "engine/store/stage_register.hpp"

#include <charconv>

#include "engine/base/sha1.hpp"

#include <fmt/format.h>

namespace millrace::detail {
namespace {

constexpr std::size_t kDigits = 32;             // of the digest, enough that no two meet
constexpr std::uint64_t kMostNote = 2u * 8192;  // bytes; two paths
constexpr std::string_view kJob = "job-";

// Neither a path nor a name has a zero byte in it.
std::string note_of(std::string_view root, std::string_view name) {
  std::string note{root};
  note += '\0';
  note += name;
  note += '\0';
  return note;
}

}  // namespace

JobId job_of_owner(std::string_view owner) {
  if (!owner.starts_with(kJob)) return {};
  owner.remove_prefix(kJob.size());
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(owner.data(), owner.data() + owner.size(), number);
  const auto rest = owner.substr(static_cast<std::size_t>(end - owner.data()));
  if (fault != std::errc{} || number <= 0 || !(rest.empty() || rest.starts_with("-t"))) return {};
  return JobId{number};
}

std::int64_t token_of_owner(std::string_view owner) {
  const auto place = owner.find("-t");
  if (place == std::string_view::npos) return 0;
  std::int64_t token = 0;
  std::from_chars(owner.data() + place + 2, owner.data() + owner.size(), token);
  return token;
}

// The owner is in the name, so that a look at the folder alone says whose stages there are.
std::string StageRegister::file_of(std::string_view owner, std::string_view root,
                                   std::string_view name) const {
  // ".partial": a file: address may lead here too, and can name no such file.
  return fmt::format("{}/{}.{}.partial", folder_, owner,
                     to_hex(sha256(note_of(root, name))).substr(0, kDigits));
}

std::string_view process_of_owner(std::string_view owner) {
  return owner.substr(0, owner.rfind('-'));
}

std::string StageRegister::lock_of(std::string_view process) const {
  return fmt::format("{}/{}.lock", folder_, process);
}

StageRegister::~StageRegister() {
  // Each lock is held until its file is gone, so nobody takes us for dead before.
  for (const auto& [process, lock] : locks_) {
    if (lock) static_cast<void>(disk_.remove(lock_of(process)));
  }
}

// A job is known by the catalog; of others the lock says whether the process lives.
Result<void> StageRegister::show_alive(std::string_view owner) {
  if (job_of_owner(owner)) return {};
  const std::string process{process_of_owner(owner)};
  const std::lock_guard lock{mutex_};
  if (locks_.contains(process)) return {};
  // None is given where another store of this process has it.
  MR_TRY(auto held, disk_.try_lock(lock_of(process)));
  locks_.emplace(process, std::move(held));
  return {};
}

Result<void> StageRegister::find_dead(
    const std::function<Result<void>(const std::vector<Stage>&)>& each) {
  std::map<std::string, std::unique_ptr<DiskLock>, std::less<>> dead;
  MR_TRY(const auto found, find([&](std::string_view owner) -> Result<bool> {
           if (job_of_owner(owner)) return false;
           const auto process = process_of_owner(owner);
           const auto known = dead.find(process);
           if (known != dead.end()) return known->second != nullptr;
           MR_TRY(auto lock, disk_.try_lock(lock_of(process)));
           const bool is_dead = lock != nullptr;
           dead.emplace(process, std::move(lock));
           return is_dead;
         }));
  auto done = each(found);
  // The lock goes last: while it is there, another sweep finds what this one did not get to.
  for (const auto& [process, lock] : dead) {
    if (lock) static_cast<void>(disk_.remove(lock_of(process)));
  }
  return done;
}

Result<void> StageRegister::add(std::string_view owner, std::string_view root,
                                std::string_view name) {
  MR_CHECK(show_alive(owner));
  MR_TRY(const auto file, disk_.create(file_of(owner, root, name)));
  return file->append(note_of(root, name));
}

void StageRegister::drop(std::string_view owner, std::string_view root, std::string_view name) {
  static_cast<void>(disk_.remove(file_of(owner, root, name)));
}

void StageRegister::drop(const Stage& stage) { static_cast<void>(disk_.remove(stage.file)); }

Result<std::vector<StageRegister::Stage>> StageRegister::find(
    const std::function<Result<bool>(std::string_view)>& is_wanted) {
  std::vector<Stage> found;
  const auto listed = disk_.list(folder_);
  if (!listed.ok() && listed.error().code == Code::NotFound) return found;  // nothing was staged
  MR_CHECK(listed);
  for (const auto& entry : *listed) {
    const auto leaf = std::string_view{entry.name}.substr(folder_.size() + 1);
    const auto owner = leaf.substr(0, leaf.find('.'));
    if (!leaf.ends_with(".partial")) continue;  // a lock
    MR_TRY(const bool is_one, is_wanted(owner));
    if (!is_one || entry.is_folder || entry.size > kMostNote) continue;
    auto file = disk_.open(entry.name);
    if (!file.ok() && file.error().code == Code::NotFound) continue;  // gone meanwhile
    if (!file.ok()) return std::move(file).error();
    std::string note((*file)->size(), '\0');
    MR_TRY(const auto got, (*file)->read_at(0, note));
    note.resize(got);
    Stage stage{std::string{owner}, {}, {}, entry.name};
    const auto middle = note.find('\0');
    if (middle != std::string::npos && note.back() == '\0' && middle + 1 < note.size()) {
      stage.root = note.substr(0, middle);
      stage.name = note.substr(middle + 1, note.size() - middle - 2);
    }
    found.push_back(std::move(stage));  // a note that was not written whole has no stage yet
  }
  return found;
}

}  // namespace millrace::detail
