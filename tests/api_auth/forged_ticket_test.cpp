// Tickets for downloads, and those that only look like one.
#include <algorithm>

#include <catch2/catch.hpp>

#include "engine/base/base64.hpp"
#include "tests/api_auth/forgery.hpp"

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;
using Kind = auth::TokenFault::Kind;

namespace {

constexpr std::int64_t kModel = 42;
constexpr std::int64_t kUser = 7;

auth::TokenIssuer issuer(std::string secret = std::string{kSecret}) {
  auto made = auth::TokenIssuer::make(std::move(secret), 900s);
  REQUIRE(made.ok());
  return *std::move(made);
}

std::string big_endian(std::uint64_t value) {
  std::string bytes(8, '\0');
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte, value >>= 8)
    *byte = static_cast<char>(value & 0xff);
  return bytes;
}

// A ticket of these words, signed with `key`.
std::string ticket_by(std::string_view key, std::uint64_t expires_at, std::uint64_t user,
                      std::uint64_t model) {
  const auto said = big_endian(expires_at) + big_endian(user);
  const auto signature = auth::hmac_sha256(key, said + big_endian(model));
  return to_base64url(said + std::string{auth::as_text(signature)});
}

bool opens(const auth::TokenIssuer& tokens, std::string_view ticket, std::int64_t model = kModel,
           Clock::Wall now = forgery_time()) {
  return tokens.verify_ticket(ticket, model, now).ok();
}

std::uint64_t seconds(Clock::Wall time) {
  return static_cast<std::uint64_t>(to_micros(time) / 1'000'000);
}

}  // namespace

TEST_CASE("a ticket lets its user fetch its model for 300 seconds", "[api][auth][ticket]") {
  const auto tokens = issuer();
  const auto ticket = tokens.issue_ticket(kModel, kUser, forgery_time());
  CHECK(ticket.size() == 64);
  CHECK(ticket.find_first_not_of(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
        std::string::npos);
  const auto claims = tokens.verify_ticket(ticket, kModel, forgery_time() + 1s);
  REQUIRE(claims.ok());
  CHECK(claims->user_id == kUser);
  CHECK(claims->issued_at == static_cast<std::int64_t>(seconds(forgery_time())));
  CHECK(opens(tokens, ticket, kModel, forgery_time() + 300s));
  const auto late = tokens.verify_ticket(ticket, kModel, forgery_time() + 301s);
  REQUIRE_FALSE(late.ok());
  CHECK(late.error().kind == Kind::Expired);
}

TEST_CASE("a ticket for a second to come says so, and there is none for nobody",
          "[api][auth][ticket]") {
  const auto tokens = issuer();
  const auto next = static_cast<std::int64_t>(seconds(forgery_time())) + 1;
  const auto claims = tokens.verify_ticket(tokens.issue_ticket(kModel, kUser, forgery_time(), next),
                                           kModel, forgery_time());
  REQUIRE(claims.ok());
  CHECK(claims->issued_at == next);
  const auto nobody =
      tokens.verify_ticket(tokens.issue_ticket(kModel, 0, forgery_time()), kModel, forgery_time());
  REQUIRE_FALSE(nobody.ok());
  CHECK(nobody.error().kind == Kind::BadClaim);
}

TEST_CASE("tickets are those that Python makes by the same rules", "[api][auth][ticket]") {
  // hmac and hashlib: HKDF-SHA256 of the secret, then HMAC-SHA256 of three integers.
  const std::string known = "AAAAAGVT8iwAAAAAAAAAByFmu6xZZzKXRX_DzB2_tm4tOmn6tD-BcinVhxgxf67j";
  const Clock::Wall start{std::chrono::seconds{1'700'000'000}};
  CHECK(issuer().issue_ticket(kModel, kUser, start) == known);
  CHECK(opens(issuer(), known, kModel, start));
}

TEST_CASE("a ticket opens one model, for one user, from one server", "[api][auth][ticket]") {
  const auto tokens = issuer();
  const auto ticket = tokens.issue_ticket(kModel, kUser, forgery_time());
  REQUIRE(opens(tokens, ticket));
  for (const std::int64_t other : {0L, 1L, 41L, 43L, 42L + (1L << 32), -42L})
    CHECK_FALSE(opens(tokens, ticket, other));
  CHECK_FALSE(opens(issuer("another secret of thirty-two byte"), ticket));

  const auto end = seconds(forgery_time() + 300s);
  const auto key = auth::derive_key(kSecret, "millrace download ticket");
  // The words of ticket_by() are right: with the right key it is the very same ticket.
  REQUIRE(ticket_by(auth::as_text(key), end, kUser, kModel) == ticket);
  const auto signature = from_base64url(ticket)->substr(16);
  const auto spliced = [&](std::uint64_t expires_at, std::uint64_t user) {
    return to_base64url(big_endian(expires_at) + big_endian(user) + signature);
  };
  REQUIRE(spliced(end, kUser) == ticket);
  for (const auto& forged :
       {spliced(end, 1), spliced(end + 1, kUser), spliced(end + 86'400, kUser),
        spliced(~std::uint64_t{0} >> 1, kUser), spliced(kUser, end),
        ticket_by(kSecret, end, kUser, kModel), ticket_by("", end, kUser, kModel),
        ticket_by(std::string(32, '\0'), end, kUser, kModel),
        ticket_by(auth::as_text(auth::derive_key(kSecret, "")), end, kUser, kModel),
        to_base64url(big_endian(end) + big_endian(kUser) + std::string(32, '\0'))}) {
    INFO(forged);
    const auto answer = tokens.verify_ticket(forged, kModel, forgery_time());
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().kind == Kind::BadSignature);
  }
}

TEST_CASE("a text that is no ticket is none", "[api][auth][ticket]") {
  const auto tokens = issuer();
  // Drawn until it has both letters in which the alphabets differ.
  auto ticket = tokens.issue_ticket(kModel, kUser, forgery_time());
  std::int64_t model = kModel;
  while (ticket.find('-') == std::string::npos || ticket.find('_') == std::string::npos)
    ticket = tokens.issue_ticket(++model, kUser, forgery_time());
  REQUIRE(opens(tokens, ticket, model));
  auto standard = ticket;
  std::replace(standard.begin(), standard.end(), '-', '+');
  std::replace(standard.begin(), standard.end(), '_', '/');
  for (const auto& text : {std::string{}, standard, ticket + '=', ticket + "AAAA", ticket + '\n',
                           ' ' + ticket, ticket + ticket, ticket.substr(0, 60), ticket.substr(4),
                           std::string(1 << 20, 'A'), std::string(64, '='), std::string(64, '\0'),
                           ticket.substr(0, 63), ticket.substr(0, 62) + "=="}) {
    INFO(text.substr(0, 200));
    const auto answer = tokens.verify_ticket(text, model, forgery_time());
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().kind == Kind::NotAToken);
  }
  for (std::size_t i = 0; i < ticket.size(); ++i) {
    auto changed = ticket;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    INFO(changed);
    CHECK_FALSE(opens(tokens, changed, model));
  }
}

TEST_CASE("tickets and tokens do not stand for each other", "[api][auth][ticket]") {
  const auto tokens = issuer();
  const auto token = tokens.issue(kUser, forgery_time());
  const auto ticket = tokens.issue_ticket(kModel, kUser, forgery_time());
  const auto is_token = [&](std::string_view text) {
    return tokens.verify(text, forgery_time()).ok();
  };
  REQUIRE(is_token(token));
  REQUIRE(opens(tokens, ticket));
  CHECK_FALSE(is_token(ticket));
  CHECK_FALSE(is_token(".." + ticket));
  CHECK_FALSE(is_token(ticket + '.' + ticket + '.' + ticket));
  CHECK_FALSE(opens(tokens, token));
  CHECK_FALSE(opens(tokens, token.substr(token.size() - 64)));
  // The signature of one with the words of the other.
  const auto ticket_signature = to_base64url(from_base64url(ticket)->substr(16));
  CHECK_FALSE(is_token(token.substr(0, token.rfind('.') + 1) + ticket_signature));
  const auto token_signature = *from_base64url(token.substr(token.rfind('.') + 1));
  CHECK_FALSE(opens(tokens, to_base64url(from_base64url(ticket)->substr(0, 16) + token_signature)));
}
