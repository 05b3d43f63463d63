#include "api/engine/token.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "api/route/refusals.hpp"
#include "engine/base/file_descriptor.hpp"
#include "engine/base/random.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

namespace millrace::api {

namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kTokenDigits = 2 * kTokenBytes;

bool is_token(std::string_view text) {
  return text.size() == kTokenDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<std::string> read_token(int descriptor, const std::string& name) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return system_error("read token", name, errno);
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return Error{
        Code::PermissionDenied,
        fmt::format(
            "read token: others may read it, so it is no secret: remove it, a new one is made: {}",
            name)};
  std::string text(kTokenDigits + 2, '\0');
  const auto size = ::read(descriptor, text.data(), text.size());
  if (size < 0) return system_error("read token", name, errno);
  text.resize(static_cast<std::size_t>(size));
  while (text.ends_with('\n')) text.pop_back();
  if (!is_token(text))
    return Error{
        Code::DataInvalid,
        fmt::format("read token: not {} hexadecimal digits: remove it, a new one is made: {}",
                    kTokenDigits, name)};
  return text;
}

class TokenAuthenticator final : public Authenticator {
 public:
  explicit TokenAuthenticator(std::string token) : token_{std::move(token)} {}

  std::variant<Caller, Refusal> authenticate(const http::Request& request) const override {
    constexpr std::string_view kScheme = "Bearer ";
    const auto header = request.headers.find("Authorization");
    if (!header)
      return refusal(Code::Unauthenticated, {},
                     "sign in: send the header \"Authorization: Bearer TOKEN\" with the text of "
                     "the file token in the "
                     "server's data folder");
    const auto given =
        header->starts_with(kScheme) ? header->substr(kScheme.size()) : std::string_view{};
    if (given.size() != token_.size() ||
        CRYPTO_memcmp(given.data(), token_.data(), token_.size()) != 0)
      return refusal(Code::Unauthenticated, {}, "sign in: this is not the token of this server");
    Caller caller;
    caller.is_admin = true;
    return caller;
  }

 private:
  const std::string token_;
};

}  // namespace

Result<std::string> open_token(const std::filesystem::path& data) {
  const auto name = (data / "token").string();
  const millrace::detail::FileDescriptor made{
      ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (made.get() < 0) {
    if (errno != EEXIST) return system_error("make token", name, errno);
    const millrace::detail::FileDescriptor there{
        ::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    if (there.get() < 0) return system_error("read token", name, errno);
    return read_token(there.get(), name);
  }
  auto token = system_random().hex(kTokenBytes);
  const auto line = token + "\n";
  if (::write(made.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
      ::fsync(made.get()) != 0) {
    const int problem = errno;
    ::unlink(name.c_str());
    return system_error("make token", name, problem);
  }
  return token;
}

std::shared_ptr<const Authenticator> make_token_authenticator(std::string token) {
  return std::make_shared<TokenAuthenticator>(std::move(token));
}

}  // namespace millrace::api
