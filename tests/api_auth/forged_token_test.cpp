#include <set>

#include <catch2/catch.hpp>

#include "tests/api_auth/forgery.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

auth::TokenIssuer issuer() {
  auto made = auth::TokenIssuer::make(std::string{kSecret}, std::chrono::seconds{900});
  REQUIRE(made.ok());
  return *std::move(made);
}

void check(const std::vector<Forgery>& rows) {
  const auto tokens = issuer();
  std::set<std::string> names;
  for (const auto& row : rows) {
    INFO(row.name);
    CHECK(names.insert(row.name).second);
    CHECK(tokens.verify(row.genuine, forgery_time()).ok());
    const auto answer = tokens.verify(row.forged, forgery_time());
    REQUIRE_FALSE(answer.ok());
    CHECK(static_cast<int>(answer.error().kind) == static_cast<int>(row.fault));
    CHECK(answer.error().claim == row.claim);
  }
}

bool is_accepted(const auth::TokenIssuer& tokens, std::string_view token) {
  return tokens.verify(token, forgery_time()).ok();
}

}  // namespace

TEST_CASE("a token whose signature is missing, damaged or not ours is refused",
          "[api][auth][forged]") {
  const auto rows = forged_signatures();
  CHECK(rows.size() >= 50);
  check(rows);
}

TEST_CASE("a signed token that names another algorithm or asks for extensions is refused",
          "[api][auth][forged]") {
  const auto rows = forged_headers();
  CHECK(rows.size() >= 45);
  check(rows);
}

TEST_CASE("a signed token of another form is refused", "[api][auth][forged]") {
  const auto rows = forged_forms();
  CHECK(rows.size() >= 35);
  check(rows);
}

TEST_CASE("a signed token with missing, wrong or repeated claims is refused",
          "[api][auth][forged]") {
  const auto rows = forged_claims();
  CHECK(rows.size() >= 80);
  check(rows);
}

TEST_CASE("a good token with any letter changed, dropped or added is refused",
          "[api][auth][forged]") {
  const auto tokens = issuer();
  const auto good = tokens.issue(7, forgery_time());
  REQUIRE(is_accepted(tokens, good));
  for (std::size_t i = 0; i < good.size(); ++i) {
    INFO("letter " << i << " of " << good);
    auto changed = good;
    changed[i] = good[i] == 'A' ? 'B' : 'A';
    CHECK_FALSE(is_accepted(tokens, changed));
    auto shorter = good;
    shorter.erase(i, 1);
    CHECK_FALSE(is_accepted(tokens, shorter));
    auto longer = good;
    longer.insert(i, 1, 'A');
    CHECK_FALSE(is_accepted(tokens, longer));
    CHECK_FALSE(is_accepted(tokens, std::string_view{good}.substr(0, i)));
  }
}
