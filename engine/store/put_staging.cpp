#include "engine/store/put_staging.hpp"

#include <set>
#include <string_view>

#include "engine/base/random.hpp"

#include <fmt/format.h>

namespace millrace::detail {
namespace {

constexpr int kTries = 8;

}  // namespace

std::string PutStaging::lock_name(std::string_view owner) const {
  return fmt::format("{}/{}.lock", folder_, owner);
}

std::string_view PutStaging::owner_of(std::string_view name) const {
  name.remove_prefix(folder_.size() + 1);
  return name.substr(0, name.find_first_of("-."));
}

PutStaging::~PutStaging() {
  // The lock is held until the file is gone, so nobody takes us for dead before.
  if (lock_) static_cast<void>(disk_.remove(lock_name(owner_)));
}

void PutStaging::sweep() {
  const auto listed = disk_.list(folder_);
  if (!listed.ok()) return;  // nothing was ever put
  std::set<std::string_view> owners;
  for (const auto& entry : *listed) owners.insert(owner_of(entry.name));
  for (const auto owner : owners) {
    const auto lock = disk_.try_lock(lock_name(owner));
    if (!lock.ok() || !*lock) continue;
    // Its lock goes last: while it is there, another sweep finds what this one did not get to.
    for (const auto& entry : *listed) {
      if (owner_of(entry.name) == owner && entry.name != lock_name(owner)) {
        static_cast<void>(disk_.remove(entry.name));
      }
    }
    static_cast<void>(disk_.remove(lock_name(owner)));
  }
}

Result<std::string> PutStaging::next() {
  const std::lock_guard lock{mutex_};
  // A sweep that finds our file between its making and its locking takes it for a dead process's.
  for (int i = 0; !lock_ && i < kTries; ++i) {
    owner_ = system_random().hex(6);
    MR_TRY(lock_, disk_.try_lock(lock_name(owner_)));
  }
  if (!lock_)
    return Error{Code::Unavailable, "put object: no lock could be taken in the store's folder"};
  // ".partial": a file: address may lead here too, and can name no such file.
  return fmt::format("{}/{}-{}.partial", folder_, owner_, count_++);
}

}  // namespace millrace::detail
