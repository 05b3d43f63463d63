#include "api/auth/secret_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <unistd.h>

#include "engine/base/file_descriptor.hpp"
#include "engine/base/random.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

namespace millrace::auth {

namespace {

using millrace::detail::FileDescriptor;

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kMaxFileBytes = 4096;

Result<std::string> read_all(int descriptor, const std::string& name) {
  std::string text(kMaxFileBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto got = ::read(descriptor, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read secret", name, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

Result<std::string> read_secret(int descriptor, const std::string& name) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return system_error("read secret", name, errno);
  if (!S_ISREG(status.st_mode))
    return Error{Code::DataInvalid, fmt::format("read secret: not a file: {}", name)};
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return Error{
        Code::PermissionDenied,
        fmt::format("read secret: others may read it: run chmod 600 {}; if somebody has read it, "
                    "remove it instead, and a new one is made",
                    name)};
  MR_TRY(auto text, read_all(descriptor, name));
  if (text.size() > kMaxFileBytes)
    return Error{Code::DataInvalid,
                 fmt::format("read secret: longer than {} bytes: {}", kMaxFileBytes, name)};
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  if (text.empty())
    return Error{Code::DataInvalid,
                 fmt::format("read secret: empty: remove it, and a new one is made: {}", name)};
  return text;
}

// `name` is what an error tells of; nobody knows the draft.
Result<void> write_draft(const std::string& draft, std::string_view text, const std::string& name) {
  const FileDescriptor file{
      ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file) return system_error("make secret", name, errno);
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::fsync(file.get()) != 0) {
    const int problem = errno;
    ::unlink(draft.c_str());
    return system_error("make secret", name, problem);
  }
  return {};
}

// Nothing: another server made one meanwhile, which is the one that counts.
Result<std::optional<std::string>> make_secret(const std::filesystem::path& path) {
  const auto name = path.string();
  const auto draft = name + '.' + system_random().hex(8);
  auto secret = system_random().hex(kSecretBytes);
  MR_CHECK(write_draft(draft, secret + '\n', name));
  // A link, unlike a rename, never replaces a file that is there.
  const int problem = ::link(draft.c_str(), name.c_str()) == 0 ? 0 : errno;
  ::unlink(draft.c_str());
  if (problem == EEXIST) return std::optional<std::string>{};
  if (problem != 0) return system_error("make secret", name, problem);
  const auto folder = path.has_parent_path() ? path.parent_path().string() : std::string{"."};
  const FileDescriptor names{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!names || ::fsync(names.get()) != 0) return system_error("make secret", name, errno);
  return std::optional{std::move(secret)};
}

}  // namespace

Result<std::string> open_secret_file(const std::filesystem::path& path) {
  const auto name = path.string();
  const auto open_it = [&] {
    // O_NONBLOCK: a pipe in its place must not hold the start.
    return FileDescriptor{::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  };
  auto there = open_it();
  if (!there && errno == ENOENT) {
    MR_TRY(auto made, make_secret(path));
    if (made) return *std::move(made);
    there = open_it();
  }
  if (!there) return system_error("read secret", name, errno);
  return read_secret(there.get(), name);
}

}  // namespace millrace::auth
