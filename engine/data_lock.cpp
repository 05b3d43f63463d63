#include "engine/data_lock.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "engine/base/json.hpp"
#include "engine/base/private_files.hpp"

#include <fmt/format.h>
#include <sys/file.h>

namespace millrace {

namespace {

std::filesystem::path lock_file(const std::filesystem::path& folder) { return folder / "lock"; }

DataLock::Holder read_holder(int descriptor) {
  std::array<char, 4096> text{};
  const auto size = ::pread(descriptor, text.data(), text.size(), 0);
  DataLock::Holder holder;
  if (size <= 0) return holder;
  const auto read = parse_json({text.data(), static_cast<std::size_t>(size)});
  if (!read.ok() || !read->is_object()) return holder;
  const auto process = read->find("process"), address = read->find("address");
  if (process != read->end() && process->is_number_integer()) holder.process = process->get<int>();
  if (address != read->end() && address->is_string()) holder.address = address->get<std::string>();
  return holder;
}

Result<void> write_holder(int descriptor, const std::string& address) {
  const std::string text = Json{{"process", ::getpid()}, {"address", address}}.dump() + "\n";
  const bool written =
      ::ftruncate(descriptor, 0) == 0 &&
      ::pwrite(descriptor, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
  if (!written) return system_error("cannot write the lock file", "lock", errno);
  return {};
}

}  // namespace

Result<DataLock> DataLock::take(const std::filesystem::path& folder) {
  const auto file = lock_file(folder);
  detail::FileDescriptor opened{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kPrivateFile)};
  if (!opened) return system_error("cannot open the lock of the data folder", file.string(), errno);
  const int descriptor = opened.get();
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    const Holder other = read_holder(descriptor);
    return Error{
        Code::Conflict,
        fmt::format(
            "data folder is in use by process {}{}: {} (stop that process, or name another folder)",
            other.process, other.address.empty() ? "" : ", which serves " + other.address,
            folder.string())};
  }
  MR_CHECK(write_holder(descriptor, ""));
  return DataLock{std::move(opened)};
}

std::optional<DataLock::Holder> DataLock::holder(const std::filesystem::path& folder) {
  const detail::FileDescriptor file{::open(lock_file(folder).c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file || ::flock(file.get(), LOCK_SH | LOCK_NB) == 0) return std::nullopt;
  return read_holder(file.get());
}

Result<void> DataLock::announce(const std::string& address) {
  return write_holder(file_.get(), address);
}

}  // namespace millrace
