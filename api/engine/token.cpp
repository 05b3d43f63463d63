#include "api/engine/token.hpp"

#include <openssl/crypto.h>

#include "api/auth/secret_file.hpp"
#include "api/route/refusals.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace {

constexpr std::size_t kTokenDigits = 64;  // as open_secret_file() makes them

bool is_token(std::string_view text) {
  return text.size() == kTokenDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

class TokenAuthenticator final : public Authenticator {
 public:
  explicit TokenAuthenticator(std::string token) : token_{std::move(token)} {}

  Result<Caller, Refusal> authenticate(const http::Request& request,
                                       std::string_view) const override {
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
  const auto file = data / "token";
  auto token = auth::open_secret_file(file);
  if (!token.ok()) return token.error().within("bearer token");
  if (!is_token(*token))
    return Error{Code::DataInvalid,
                 fmt::format("bearer token: not {} hexadecimal digits: remove it, and a new one is "
                             "made: {}",
                             kTokenDigits, file.string())};
  return token;
}

std::shared_ptr<const Authenticator> make_token_authenticator(std::string token) {
  return std::make_shared<TokenAuthenticator>(std::move(token));
}

}  // namespace millrace::api
